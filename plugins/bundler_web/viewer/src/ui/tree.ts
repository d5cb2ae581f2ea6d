// Patients, studies and series as an ARIA tree with one tab stop; series carry a thumbnail.
import { t } from '../texts';
import { Patient, Place, Series, Study, Volume, places } from '../volume';
import { el, icon } from './dom';
import { ICONS } from './icons';
import { isImage } from './stack';

export interface Orchard { open(place: Place): void; thumbnail(series: Series, canvas: HTMLCanvasElement): void }

export class Tree {
  readonly root = el('ul', { role: 'tree', 'data-pane': 'tree' });
  private rows = new Map<Series, HTMLElement>();
  private groups = 0;
  private seen = new IntersectionObserver((entries) => entries.forEach((e) => e.isIntersecting && this.reveal(e.target as HTMLCanvasElement)));
  private waiting = new Map<HTMLCanvasElement, Series>();

  constructor(private orchard: Orchard) {
    this.root.addEventListener('keydown', (event) => this.key(event));
  }

  build(volume: Volume): void {
    this.rows.clear();
    this.waiting.clear();
    this.seen.disconnect();
    this.root.setAttribute('aria-label', t('contents'));
    const all = places(volume);
    this.root.replaceChildren(...(volume.patients ?? []).map((patient) => this.patient(patient, all)));
    const first = this.items()[0];
    if (first) first.tabIndex = 0;
  }

  /** Thumbnails are read only once the first image is on the screen. */
  startThumbnails(): void { for (const canvas of this.waiting.keys()) this.seen.observe(canvas); }

  select(series: Series | undefined): void {
    for (const [one, row] of this.rows) row.setAttribute('aria-selected', String(one === series));
    const row = series && this.rows.get(series);
    if (!row) return;
    this.focusable(row);
    row.scrollIntoView?.({ block: 'nearest' });
  }

  private patient(patient: Patient, all: Place[]): HTMLElement {
    const line = el('div', { class: 'row patient', role: 'treeitem', 'aria-level': 1 }, icon(ICONS.caret), el('span', { class: 'lines' },
      el('span', { class: 'name' }, patient.name || t('noName')), ' ', el('span', { class: 'more' }, [patient.id, patient.birth].filter(Boolean).join(' · '))));
    return this.branch(line, (patient.studies ?? []).map((study) => this.study(study, all)));
  }

  private study(study: Study, all: Place[]): HTMLElement {
    const date = [study.date, study.time].filter(Boolean).join(' ');
    const line = el('div', { class: 'row study', role: 'treeitem', 'aria-level': 2 }, icon(ICONS.caret), el('span', { class: 'lines' },
      el('span', { class: 'name' }, study.description || t('study')), ' ', el('span', { class: 'more' }, date)));
    return this.branch(line, (study.series ?? []).map((series) => this.leaf(all.find((p) => p.series === series)!)));
  }

  private branch(line: HTMLElement, children: HTMLElement[]): HTMLElement {
    const group = el('ul', { role: 'group', id: `group${++this.groups}` }, ...children);
    line.setAttribute('aria-expanded', 'true');
    line.setAttribute('aria-owns', group.id);
    line.tabIndex = -1;
    line.addEventListener('click', () => { this.toggle(line); this.focusable(line); });
    return el('li', { role: 'none' }, line, group);
  }

  private leaf(place: Place): HTMLElement {
    const { series } = place;
    const count = counted(series);
    const name = series.description || t('series');
    const picture = (series.instances ?? []).some(isImage);
    const thumb = picture ? el('canvas', { class: 'thumb', width: '112', height: '112', 'aria-hidden': 'true' }) : el('span', { class: 'thumb' }, icon(ICONS.document));
    if (thumb instanceof HTMLCanvasElement) { placeholder(thumb, series.modality ?? ''); this.waiting.set(thumb, series); }
    const item = el('div', { class: 'row series', role: 'treeitem', 'aria-level': 3, 'aria-selected': 'false', tabindex: '-1', 'data-action': 'open-series' },
      thumb, el('span', { class: 'lines' }, el('span', { class: 'name' }, name), ' ',
        el('span', { class: 'more' }, [series.modality, series.number && `#${series.number}`].filter(Boolean).join(' ')), ' ', el('span', { class: 'more' }, count)));
    item.addEventListener('click', () => this.orchard.open(place));
    this.rows.set(series, item);
    this.actions.set(item, () => this.orchard.open(place));
    return el('li', { role: 'none' }, item);
  }

  private actions = new WeakMap<Element, () => void>();

  private reveal(canvas: HTMLCanvasElement): void {
    this.seen.unobserve(canvas);
    const series = this.waiting.get(canvas);
    if (series && this.waiting.delete(canvas)) this.orchard.thumbnail(series, canvas);
  }

  // ---- keys (ARIA tree pattern)

  private items(): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>('[role=treeitem]')].filter((item) => item.offsetParent !== null);
  }

  private focusable(item: HTMLElement, focus = false): void {
    this.root.querySelectorAll<HTMLElement>('[tabindex="0"]').forEach((other) => { other.tabIndex = -1; });
    item.tabIndex = 0;
    if (focus) item.focus();
  }

  private toggle(item: Element, open = item.getAttribute('aria-expanded') !== 'true'): void {
    item.setAttribute('aria-expanded', String(open));
  }

  private key(event: KeyboardEvent): void {
    const item = document.activeElement as HTMLElement | null;
    if (!item || !this.root.contains(item) || event.altKey || event.ctrlKey || event.metaKey) return;
    const items = this.items();
    const at = items.indexOf(item);
    const expanded = item.getAttribute('aria-expanded');
    const go = (to: HTMLElement | null | undefined) => to && this.focusable(to, true);
    const parent = item.closest('[role=group]')?.previousElementSibling as HTMLElement | null | undefined;
    const act: Record<string, () => void> = {
      ArrowDown: () => go(items[at + 1]), ArrowUp: () => go(items[at - 1]), Home: () => go(items[0]), End: () => go(items[items.length - 1]),
      ArrowRight: () => (expanded === 'false' ? this.toggle(item, true) : expanded && go(items[at + 1])),
      ArrowLeft: () => (expanded === 'true' ? this.toggle(item, false) : go(parent)),
      Enter: () => (this.actions.get(item) ?? (() => this.toggle(item)))(), ' ': () => (this.actions.get(item) ?? (() => this.toggle(item)))(),
    };
    if (!act[event.key]) return;
    act[event.key]();
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The modality, until the picture is there (or for good, where nothing is embedded). */
function placeholder(canvas: HTMLCanvasElement, modality: string): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.fillStyle = '#a3b0be';
  context.font = '600 30px system-ui, sans-serif';
  context.textAlign = 'center';
  context.fillText(modality.slice(0, 4), canvas.width / 2, canvas.height / 2 + 10);
}

function counted(series: Series): string {
  const all = series.instances ?? [];
  const images = all.filter(isImage).reduce((n, i) => n + Math.max(1, i.frames ?? 1), 0);
  const documents = all.filter((i) => !isImage(i)).length;
  const parts = [images === 1 ? t('countOne') : images ? t('countImages', images) : '', documents === 1 ? t('countDoc') : documents ? t('countDocs', documents) : ''];
  return parts.filter(Boolean).join(', ');
}
