// One view: a canvas with its overlay, a slider, and the state of what is shown and how. It asks the source for pictures
// and tells the page when something changed; pointers and keys reach it through gestures.ts and keys.ts.
import { NotShown } from '../dicom/pixels';
import { Frame, Point, View, apply, edges, fitZoom, matrix, plainView } from '../image/geometry';
import { Measured, Measurement, measured } from '../image/measure';
import type { Picture } from '../image/picture';
import { Preset, presets } from '../image/presets';
import { Chosen, firstWindow, modalityValue } from '../image/voi';
import { Source, Unreachable } from '../source';
import { t } from '../texts';
import type { Instance, Place } from '../volume';
import { showDocument } from './documents';
import { el } from './dom';
import { Buffer, drawImage, drawMeasurements } from './draw';
import { Overlay, Probe } from './overlay';
import { Stop, indexOf, isImage, stops } from './stack';

export interface Host {
  source: Source;
  institution(): string;
  changed(pane: Pane): void;
  painted(): void;
  chooseMedium(): void;
  openInstance(uid: string, frame?: number): boolean;
  hasInstance(uid: string): boolean;
}

const NEIGHBOURS = 3;

export class Pane {
  readonly canvas = el('canvas', { role: 'img', tabindex: '0' });
  readonly overlay = new Overlay();
  readonly slider = el('input', { type: 'range', min: '0', max: '0', value: '0', step: '1', 'data-action': 'slider' });
  private note = el('div', { class: 'note', hidden: true, role: 'alert' });
  private busy = el('div', { class: 'busy', hidden: true });
  private paper = el('div', { class: 'paper', hidden: true, 'data-pane': 'document' });
  readonly stage = el('div', { class: 'stage' }, this.canvas, this.overlay.root, this.paper, this.note, this.busy);
  readonly root: HTMLElement;

  place?: Place;
  stack: Stop[] = [];
  index = 0;
  picture?: Picture;
  view: View = plainView();
  invert = false;
  /** The window the reader chose; undefined takes that of each image. */
  chosen?: Chosen;
  presetId = '';
  probe?: Probe;
  measurements: Measurement[] = [];
  error = '';
  frameTime?: number;
  /** The reader chose a rate of the cine; the image's own no longer counts. */
  ownRate = false;
  private listed?: { picture?: Picture; presets: Preset[] };
  private buffer = new Buffer();
  private wanted = -1;
  private running = false;
  private queued = 0;

  constructor(readonly host: Host, readonly number: number) {
    this.root = el('section', { class: 'pane', 'data-pane': `view${number}` }, this.stage, this.slider);
    this.slider.addEventListener('input', () => this.show(Number(this.slider.value)));
    new ResizeObserver(() => this.resized()).observe(this.stage);
    this.label();
  }

  // ---- what is shown

  get stop(): Stop | undefined { return this.stack[this.index]; }

  open(place: Place, instance?: Instance, frame = 1): Promise<void> {
    const other = place.series !== this.place?.series;
    this.place = place;
    this.stack = stops(place.series, this.host.source);
    if (other) {
      this.forget();
      this.paper.hidden = this.note.hidden = true;
      this.paint(); // nothing of the series before stays under the name of this one
    }
    return this.show(instance ? indexOf(this.stack, instance, frame) : 0);
  }

  /** Reads again what is shown, e.g. from the medium the reader has chosen. */
  reload(): Promise<void> {
    if (!this.place || !this.stop) return Promise.resolve();
    const { instance, frame } = this.stop;
    return this.open(this.place, instance, frame);
  }

  empty(): void {
    this.place = this.picture = undefined;
    this.stack = [];
    this.forget();
    this.paper.hidden = true;
    this.say(t('empty'));
    this.redraw();
  }

  private forget(): void {
    this.view = plainView();
    this.invert = false;
    this.chosen = this.probe = this.picture = undefined;
    this.presetId = '';
    this.measurements = [];
    this.ownRate = false;
    this.frameTime = undefined;
  }

  step(by: number): void { void this.show(Math.min(Math.max(this.target + by, 0), this.stack.length - 1)); }

  /** Where scrolling has got to, also while pictures are still being read. */
  get target(): number { return this.wanted >= 0 ? this.wanted : this.index; }

  /** Shows stop `index`. While one is being read, only the latest wish is kept. */
  async show(index: number): Promise<void> {
    if (!this.stack.length) return;
    this.wanted = index;
    this.slider.value = String(index);
    if (this.running) return;
    this.running = true;
    const slow = setTimeout(() => { this.busy.hidden = false; }, 150);
    try {
      while (this.wanted >= 0) {
        const next = this.wanted;
        const { stack } = this;
        await this.showNow(next);
        if (this.wanted === next && this.stack === stack) this.wanted = -1;
        else this.wanted = Math.min(this.wanted, this.stack.length - 1); // another wish, or another series, came meanwhile
      }
    } finally {
      clearTimeout(slow);
      this.busy.hidden = true;
      this.running = false;
    }
  }

  private async showNow(index: number): Promise<void> {
    const stop = this.stack[index];
    if (!stop) { this.wanted = -1; return; }
    const { stack } = this;
    try {
      if (isImage(stop.instance)) await this.showImage(stop, stack);
      else await this.showPaper(stop, stack);
      this.error = '';
    } catch (error) {
      if (this.stack !== stack) return;
      this.index = index;
      this.picture = undefined;
      this.paper.hidden = true;
      this.fail(stop.instance, error);
    }
    this.bounds();
    this.redraw();
    this.host.changed(this);
  }

  private async showImage(stop: Stop, stack: Stop[]): Promise<void> {
    const picture = await this.host.source.picture(stop.instance, stop.frame);
    if (this.stack !== stack) return;
    const known = this.host.source.frames(stop.instance);
    if (known.length !== stack.filter((s) => s.instance === stop.instance).length) {
      this.stack = stops(this.place!.series, this.host.source);
      this.wanted = -1;
    }
    this.index = indexOf(this.stack, stop.instance, stop.frame);
    this.picture = picture;
    this.paper.hidden = this.note.hidden = true;
    void this.host.source.frameTime(stop.instance).then((ms) => { this.frameTime = ms; }, () => undefined);
    this.prefetch();
  }

  private async showPaper(stop: Stop, stack: Stop[]): Promise<void> {
    const parsed = await this.host.source.document(stop.instance);
    if (this.stack !== stack) return;
    this.index = stack.indexOf(stop);
    this.picture = undefined;
    showDocument(this.paper, stop.instance, parsed, this.host);
    this.paper.hidden = false;
    this.note.hidden = true;
    this.host.painted();
  }

  private prefetch(): void {
    for (let d = 1; d <= NEIGHBOURS; d++)
      for (const stop of [this.stack[this.index + d], this.stack[this.index - d]])
        if (stop && isImage(stop.instance)) void this.host.source.picture(stop.instance, stop.frame).catch(() => undefined);
  }

  private fail(instance: Instance, error: unknown): void {
    const name = instance.file || t('thisFile');
    const button = error instanceof Unreachable && !error.chosen;
    if (button) this.say(t('errChoose', name), true);
    else if (error instanceof Unreachable) this.say(t('errHere', name, t('errMissing')));
    else if (error instanceof NotShown) this.say(t('errHere', name, t(error.reason, error.detail)));
    else this.say(t('errHere', name, t('errFormat', String((error as Error)?.message ?? error).slice(0, 200))));
    this.error = this.note.textContent ?? '';
  }

  private say(sentence: string, choose = false): void {
    this.note.replaceChildren(el('p', {}, sentence));
    if (choose) {
      const button = el('button', { class: 'primary', 'data-action': 'choose-here' }, t('choose'));
      button.addEventListener('click', () => this.host.chooseMedium());
      this.note.append(button, el('p', { class: 'small' }, t('chooseNote')));
    }
    this.note.hidden = false;
  }

  private bounds(): void {
    this.slider.max = String(Math.max(0, this.stack.length - 1));
    if (this.wanted < 0) this.slider.value = String(this.index);
    this.slider.classList.toggle('idle', this.stack.length < 2);
    this.slider.disabled = this.stack.length < 2;
    this.slider.setAttribute('aria-valuetext', t('image', this.index + 1, this.stack.length));
    this.slider.style.setProperty('--part', `${this.stack.length > 1 ? (100 * this.index) / (this.stack.length - 1) : 0}%`);
  }

  // ---- how it is shown

  /** The window in force. */
  window(): Chosen | undefined {
    if (this.picture?.pixels.kind !== 'grey') return undefined;
    if (this.chosen) return this.chosen;
    const { look, pixels } = this.picture;
    return look.windows.length || !look.tables.length ? firstWindow(look, pixels) : { ...firstWindow(look, pixels), table: 0 };
  }

  presets(): Preset[] {
    if (this.listed?.picture === this.picture) return this.listed?.presets ?? [];
    const { picture, place } = this;
    const list = picture?.pixels.kind === 'grey' ? presets(picture.look, picture.pixels, place?.series.modality ?? '') : [];
    this.listed = { picture, presets: list };
    return list;
  }

  setWindow(chosen: Chosen | undefined, presetId = ''): void {
    this.chosen = chosen && { ...chosen, width: Math.max(chosen.width, 1e-3) };
    this.presetId = presetId;
    this.redraw();
    this.host.changed(this);
  }

  /** Windows by a drag: right is wider, down is darker, in steps that suit the range of the image. */
  dragWindow(dx: number, dy: number): void {
    const now = this.window();
    if (!now || this.picture?.pixels.kind !== 'grey') return;
    const { pixels, look } = this.picture;
    const range = Math.min(Math.abs((pixels.high - pixels.low) * look.slope) || 256, 4 * Math.max(now.width, 64));
    const step = Math.max(range / 600, 1e-4);
    const whole = Number.isInteger(look.slope) && !(pixels.data instanceof Float32Array);
    const round = (v: number) => (whole && step > 0.2 ? Math.round(v * 2) / 2 : v);
    this.setWindow({ centre: round(now.centre + dy * step), width: Math.max(round(now.width + dx * step), whole ? 1 : 1e-3) });
  }

  frame(): Frame | undefined {
    if (!this.picture) return undefined;
    const { rows, columns } = this.picture.pixels;
    return { width: this.stage.clientWidth, height: this.stage.clientHeight, rows, columns, aspect: this.picture.look.aspect, ratio: this.ratio };
  }

  private get ratio(): number { return window.devicePixelRatio || 1; }

  zoom(): number {
    const frame = this.frame();
    return frame ? this.view.zoom ?? fitZoom(frame, this.view.turns) : 1;
  }

  setZoom(zoom: number | undefined, about?: Point): void {
    const frame = this.frame();
    if (!frame) return;
    if (zoom === undefined) this.view = { ...this.view, zoom, pan: { x: 0, y: 0 } };
    else {
      const limited = Math.min(Math.max(zoom, 0.02), 64);
      const by = limited / this.zoom();
      const at = about ?? { x: frame.width / 2, y: frame.height / 2 };
      const from = { x: at.x - frame.width / 2, y: at.y - frame.height / 2 };
      const { pan } = this.view;
      this.view = { ...this.view, zoom: limited, pan: { x: from.x - (from.x - pan.x) * by, y: from.y - (from.y - pan.y) * by } };
    }
    this.redraw();
    this.host.changed(this);
  }

  move(dx: number, dy: number): void {
    this.view = { ...this.view, zoom: this.view.zoom ?? this.zoom(), pan: { x: this.view.pan.x + dx, y: this.view.pan.y + dy } };
    this.redraw();
  }

  turn(change: 'rotate' | 'flipH' | 'flipV'): void {
    const { turns, mirrored } = this.view;
    if (change === 'rotate') this.view = { ...this.view, turns: (turns + 1) % 4 };
    else {
      const sideways = turns % 2 === 1;
      const half = (change === 'flipV') !== sideways ? 2 : 0;
      this.view = { ...this.view, mirrored: !mirrored, turns: (turns + half) % 4 };
    }
    this.redraw();
  }

  toggleInvert(): void { this.invert = !this.invert; this.redraw(); }

  reset(): void {
    this.view = plainView();
    this.invert = false;
    this.setWindow(undefined);
  }

  /** Image coordinates of a point of the screen. */
  toImage(point: Point): Point | undefined {
    const frame = this.frame();
    return frame && apply(matrix(this.view, frame).inverse(), point);
  }

  toScreen(point: Point): Point | undefined {
    const frame = this.frame();
    return frame && apply(matrix(this.view, frame), point);
  }

  /** The value under a point of the screen, shown until the pointer leaves. */
  probeAt(point?: Point): void {
    const at = point && this.toImage(point);
    this.probe = at && this.valueAt(Math.floor(at.x), Math.floor(at.y));
    this.redraw();
  }

  valueAt(x: number, y: number): Probe | undefined {
    if (!this.picture) return undefined;
    const { pixels, look } = this.picture;
    if (x < 0 || y < 0 || x >= pixels.columns || y >= pixels.rows) return undefined;
    const i = y * pixels.columns + x;
    if (pixels.kind === 'grey') return { x, y, value: modalityValue(look, pixels.data[i]), unit: look.unit };
    return { x, y, value: [pixels.data[4 * i], pixels.data[4 * i + 1], pixels.data[4 * i + 2]], unit: '' };
  }

  /** Which image a measurement belongs to. */
  key(): string { return this.stop ? `${this.stop.instance.uid || this.stop.instance.file}/${this.stop.frame}` : ''; }

  measured(): Measured[] {
    if (!this.picture) return [];
    const { look, pixels } = this.picture;
    return this.measurements.filter((m) => m.key === this.key()).map((m) => measured(m, look, pixels));
  }

  // ---- painting

  private resized(): void {
    const { clientWidth, clientHeight } = this.stage;
    this.canvas.width = Math.round(clientWidth * this.ratio);
    this.canvas.height = Math.round(clientHeight * this.ratio);
    if (clientWidth) this.paint();
  }

  redraw(): void {
    if (!this.queued) this.queued = requestAnimationFrame(() => { this.queued = 0; this.paint(); });
  }

  /** Paints at once: canvas, measurements and text. */
  paint(): void {
    const frame = this.frame();
    this.canvas.hidden = !this.picture;
    if (this.picture && frame?.width) {
      const toScreen = matrix(this.view, frame);
      this.buffer.update(this.picture.pixels, this.picture.look, this.window(), this.invert);
      drawImage(this.canvas, this.buffer.canvas, toScreen, this.ratio);
      drawMeasurements(this.canvas, this.measured(), toScreen);
      this.host.painted();
    }
    this.text();
  }

  private text(): void {
    const { stop, picture } = this;
    const window = this.window();
    const images = (this.place?.series.instances ?? []).filter(isImage);
    const frames = stop ? stop.instance.frames ?? 1 : 1;
    this.overlay.root.classList.toggle('bare', !picture);
    this.overlay.update({
      place: this.place, institution: this.host.institution(), picture,
      image: stop && picture ? [images.indexOf(stop.instance) + 1, images.length] : undefined,
      frame: stop && picture ? [stop.frame, frames] : undefined,
      window: window && { centre: window.centre, width: window.width, name: this.windowName() },
      zoom: picture ? this.zoom() : undefined,
      edges: picture?.look.orientation && edges(picture.look.orientation, this.view),
      probe: this.probe,
    });
    this.label();
  }

  private windowName(): string {
    const preset = this.presets().find((p) => p.id === (this.presetId || (this.chosen ? '' : 'image0')));
    return preset ? preset.name || (preset.key && !preset.id.startsWith('image') ? t(preset.key, preset.number ?? '') : '') : '';
  }

  private label(): void {
    const { place } = this;
    const name = place ? [place.patient.name, place.series.modality, place.series.description, t('image', this.index + 1, this.stack.length)] : [t('empty')];
    this.canvas.setAttribute('aria-label', name.filter(Boolean).join(', '));
    this.root.setAttribute('aria-label', t('view', this.number));
    this.slider.setAttribute('aria-label', `${t('position')} (${t('view', this.number)})`);
  }

  /** The view as it stands, with the texts, as a PNG. */
  async png(): Promise<Blob | undefined> {
    if (!this.picture) return undefined;
    const copy = el('canvas');
    [copy.width, copy.height] = [this.canvas.width, this.canvas.height];
    const context = copy.getContext('2d')!;
    context.drawImage(this.canvas, 0, 0);
    context.scale(this.ratio, this.ratio);
    this.stamp(context);
    return new Promise((resolve) => copy.toBlob((blob) => resolve(blob ?? undefined), 'image/png'));
  }

  /** Writes whose image it is, and that it is not for diagnosis, onto the saved picture. */
  private stamp(context: CanvasRenderingContext2D): void {
    const { patient, study, series } = this.place!;
    const lines = [patient.name || t('noName'), patient.id, study.date, series.description, t('notDiagnosis')];
    context.font = '14px system-ui, sans-serif';
    context.fillStyle = '#fff';
    context.shadowColor = '#000';
    context.shadowBlur = 3;
    lines.filter(Boolean).forEach((line, i) => context.fillText(line!, 10, 22 + 19 * i));
  }
}
