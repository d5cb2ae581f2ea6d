// The text on an image: whose it is, what it is, and how it is shown, in the four corners and at the edges.
import type { Picture } from '../image/picture';
import { decimal, sexOf, t } from '../texts';
import type { Place } from '../volume';
import { el } from './dom';

export interface Probe { x: number; y: number; value: number | [number, number, number]; unit: string }

export interface Shown {
  place?: Place;
  institution: string;
  image?: [number, number];
  frame?: [number, number];
  window?: { centre: number; width: number; name: string };
  /** Device pixels per image pixel. */
  zoom?: number;
  edges?: [string, string, string, string];
  picture?: Picture;
  probe?: Probe;
}

export class Overlay {
  private corners = ['tl', 'tr', 'bl', 'br'].map((where) => el('div', { class: `corner ${where}` }));
  private edges = ['top', 'right', 'bottom', 'left'].map((where) => el('div', { class: `edge ${where}`, 'aria-hidden': 'true' }));
  readonly root = el('div', { class: 'overlay' }, ...this.corners, ...this.edges);
  private last = '';

  update(shown: Shown): void {
    const lines = [who(shown), what(shown), where(shown), how(shown)];
    const letters = shown.edges ?? ['', '', '', ''];
    const key = JSON.stringify([lines, letters]);
    if (key === this.last) return;
    this.last = key;
    lines.forEach((corner, i) => this.corners[i].replaceChildren(...corner.filter(Boolean).map((line) => el('div', {}, line))));
    letters.forEach((letter, i) => { this.edges[i].textContent = letter; });
  }
}

function who({ place }: Shown): string[] {
  if (!place) return [];
  const { name, id, birth, sex } = place.patient;
  return [name || t('noName'), id ?? '', [birth ? t('born', birth) : '', sexOf(sex)].filter(Boolean).join(', ')];
}

function what({ place, institution }: Shown): string[] {
  if (!place) return [];
  return [institution, place.study.description ?? '', [place.study.date, place.study.time].filter(Boolean).join(' ')];
}

function where({ place, image, frame, probe }: Shown): string[] {
  if (!place) return [];
  const { modality, number, description } = place.series;
  return [probe ? probeText(probe) : '', [modality, number, description].filter(Boolean).join(' · '),
    image ? t('image', ...image) : '', frame && frame[1] > 1 ? t('frame', ...frame) : ''];
}

function probeText({ x, y, value, unit }: Probe): string {
  const shown = Array.isArray(value) ? `RGB ${value.join(' ')}` : `${decimal(value, 2)} ${unit}`.trim();
  return `${x}, ${y}: ${shown}`;
}

function how({ window, zoom, picture }: Shown): string[] {
  if (!picture) return [];
  const { pixels, original, look } = picture;
  const reduced = original && (original[0] > pixels.rows || original[1] > pixels.columns);
  return [
    look.lossy ? t('lossy') : '',
    reduced ? t('reduced', pixels.columns, pixels.rows, original[1], original[0]) : '',
    window ? [window.name, t('windowIs', decimal(window.centre, 1), decimal(window.width, 1))].filter(Boolean).join(' · ') : '',
    zoom ? `${t('zoom')} ${Math.round(zoom * 100)} %` : '',
  ];
}
