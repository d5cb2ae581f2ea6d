// The page as a whole: it holds the volume, the panes and the parts around them, and passes wishes between them.
import { volumeOf } from '../dicom/headers';
import { Medium, fromDrop, fromInput } from '../medium';
import type { Named } from '../dicom/headers';
import { Source } from '../source';
import { language, setLanguage, t } from '../texts';
import { Instance, Place, Volume, places } from '../volume';
import { runKey } from './actions';
import { el, download, recall, remember } from './dom';
import { Tool, listen } from './gestures';
import { Header } from './header';
import { Help } from './help';
import { Host, Pane } from './pane';
import { Bench, LAYOUTS, RATES, Toolbar } from './toolbar';
import { thumbnail } from './thumbnails';
import { Tree } from './tree';

const NARROW = '(max-width: 800px)';

export class Page implements Host, Bench {
  readonly source = new Source();
  volume: Volume = {};
  private all: Place[] = [];
  panes: Pane[] = [];
  pane: Pane;
  layout = 1;
  tool: Tool = matchMedia('(pointer: coarse)').matches ? 'scroll' : 'window';
  texts = true;
  rate = 10;
  shownAt?: number;
  private timer?: ReturnType<typeof setTimeout>;
  private before = 2;

  private header = new Header({ toggleContents: () => this.toggleContents(), choose: () => this.chooseMedium(), setLanguage: (l) => this.speak(l, true), help: () => this.help() });
  private toolbar: Toolbar;
  private tree = new Tree({ open: (place) => this.open(place), thumbnail: (series, canvas) => thumbnail(this.source, series, canvas) });
  private helpDialog = new Help();
  private grid = el('main', { class: 'grid', 'data-pane': 'images' });
  private bar = el('section', { class: 'bar quality', hidden: true, 'data-pane': 'quality' });
  private foot = el('footer', { class: 'foot' });
  private contents = el('nav', { class: 'contents', id: 'contents', 'data-pane': 'contents' }, this.tree.root, this.foot);
  private status = el('div', { class: 'status', role: 'status', hidden: true, 'data-pane': 'status' });
  private input = el('input', { type: 'file', webkitdirectory: true, multiple: true, hidden: true, 'data-action': 'files', tabindex: '-1' });
  private toolSection = el('section', { class: 'tools' });
  private dropHere = el('div', { class: 'drop', hidden: true });

  constructor(private root: HTMLElement) {
    this.panes = [this.newPane(1)];
    this.pane = this.panes[0];
    this.toolbar = new Toolbar(this);
    this.input.addEventListener('change', () => { void this.take(fromInput(this.input.files!)); });
    this.grid.append(this.pane.root);
    this.toolSection.append(this.toolbar.root, this.toolbar.popup);
    const side = el('div', { class: 'shade' });
    side.addEventListener('click', () => this.toggleContents(false));
    root.replaceChildren(this.header.root, this.toolSection, this.bar, this.contents, side, this.grid, this.status, this.helpDialog.root, this.input, this.dropHere);
    document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && matchMedia(NARROW).matches) this.toggleContents(false); });
    document.addEventListener('keydown', (event) => { if (runKey(event, this)) { event.preventDefault(); this.toolbar.update(); } });
    this.listenToDrops();
    if (matchMedia(NARROW).matches) this.toggleContents(false);
  }

  /** Shows a volume; the first image at once. */
  async start(volume: Volume): Promise<void> {
    this.volume = volume;
    this.all = places(volume);
    this.speak(recall('language') ?? volume.language ?? navigator.language, false);
    this.activate(this.panes[0]);
    const first = this.all.find((p) => p.series.instances?.some((i) => (i.kind ?? 'image') === 'image')) ?? this.all[0];
    if (first) await this.open(first);
    else this.panes.forEach((pane) => pane.empty());
    this.showBar();
    setTimeout(() => this.tree.startThumbnails(), 50);
  }

  // ---- language

  private speak(wanted: string, keep: boolean): void {
    const now = setLanguage(wanted);
    if (keep) remember('language', now);
    document.documentElement.lang = now;
    document.title = [this.volume.institution, t('title')].filter(Boolean).join(' – ');
    this.header.words();
    this.toolbar.words();
    this.contents.setAttribute('aria-label', t('contents'));
    this.toolSection.setAttribute('aria-label', t('tools'));
    this.bar.setAttribute('aria-label', t('quality'));
    this.grid.setAttribute('aria-label', t('images'));
    this.dropHere.textContent = t('drop');
    this.tree.build(this.volume);
    this.tree.select(this.pane.place?.series);
    if (this.shownAt !== undefined) this.tree.startThumbnails();
    this.footer();
    this.showBar();
    this.header.show(this.pane.place);
    for (const pane of this.panes) if (pane.place) void pane.reload(); else pane.empty();
  }

  private footer(): void {
    const { fileSetId, volume, volumes, institution, created, maker } = this.volume;
    const lines = [institution, fileSetId, volume && volumes && volumes > 1 ? t('disc', volume, volumes) : '', created ? t('made', created) : '', maker];
    this.foot.replaceChildren(...lines.filter(Boolean).map((line) => el('div', {}, String(line))));
  }

  private showBar(): void {
    const missing = !this.source.medium && (!this.all.length ? 'emptyVolume' : this.volume.embedded === 'reduced' ? 'reducedBar' : this.volume.embedded === 'full' ? '' : 'noneBar');
    this.bar.hidden = !missing;
    if (!missing) return;
    const button = el('button', { type: 'button', class: 'primary', 'data-action': 'choose-medium', title: t('chooseNote') }, t(missing === 'emptyVolume' ? 'chooseOther' : 'choose'));
    button.addEventListener('click', () => this.chooseMedium());
    this.bar.replaceChildren(el('div', {}, el('div', {}, t(missing)), el('div', { class: 'small' }, t('chooseNote'))), button);
  }

  // ---- panes

  private newPane(number: number): Pane {
    const pane = new Pane(this, number);
    listen(pane, { tool: () => this.tool, activate: (p) => this.activate(p), toggleSingle: (p) => this.toggleSingle(p) });
    return pane;
  }

  activate(pane: Pane): void {
    this.pane = pane;
    for (const other of this.panes) other.root.classList.toggle('active', other === pane && this.panes.length > 1);
    this.header.show(pane.place);
    this.tree.select(pane.place?.series);
    this.toolbar?.update();
  }

  async open(place: Place, instance?: Instance, frame?: number): Promise<void> {
    this.stopCine();
    if (matchMedia(NARROW).matches) this.toggleContents(false);
    const done = this.pane.open(place, instance, frame);
    this.activate(this.pane);
    await done;
    this.activate(this.pane);
  }

  stepSeries(by: number): void {
    const at = this.all.findIndex((p) => p.series === this.pane.place?.series);
    const next = this.all[at + by];
    if (next) void this.open(next);
  }

  setLayout(panes: number): void {
    if (panes === this.layout) return;
    this.stopCine();
    this.layout = panes;
    const kept = [this.pane, ...this.panes.filter((p) => p !== this.pane)].slice(0, panes);
    this.panes = this.panes.filter((p) => kept.includes(p));
    while (this.panes.length < panes) this.panes.push(this.newPane(this.panes.length + 1));
    this.grid.replaceChildren(...this.panes.map((p) => p.root));
    this.grid.dataset.panes = String(panes);
    this.fill();
    this.activate(this.pane);
  }

  /** Empty panes get the series that come next. */
  private fill(): void {
    let at = this.all.findIndex((p) => p.series === this.pane.place?.series);
    for (const pane of this.panes) {
      if (pane.place) continue;
      const next = this.all[++at];
      if (next) void pane.open(next);
      else pane.empty();
    }
  }

  nextLayout(): void { this.setLayout(LAYOUTS[(LAYOUTS.indexOf(this.layout) + 1) % LAYOUTS.length]); }

  private toggleSingle(pane: Pane): void {
    this.activate(pane);
    if (this.layout > 1) { this.before = this.layout; this.setLayout(1); } else if (this.all.length > 1) this.setLayout(this.before);
  }

  // ---- what panes ask of their host

  institution(): string { return this.volume.institution ?? ''; }
  changed(pane: Pane): void { if (pane === this.pane) { this.header.show(pane.place); this.toolbar.update(); } }
  painted(): void { this.shownAt ??= performance.now(); }

  private find(uid: string): [Place, Instance] | undefined {
    for (const place of this.all) {
      const instance = place.series.instances?.find((i) => i.uid === uid);
      if (instance) return [place, instance];
    }
    return undefined;
  }

  hasInstance(uid: string): boolean { return !!this.find(uid); }

  openInstance(uid: string, frame?: number): boolean {
    const found = this.find(uid);
    if (found) void this.open(found[0], found[1], frame);
    return !!found;
  }

  // ---- tools

  setTool(tool: Tool): void {
    this.tool = tool;
    this.grid.dataset.tool = tool;
    this.toolbar.update();
  }

  get playing(): boolean { return this.timer !== undefined; }

  play(): void {
    if (this.playing) return this.stopCine();
    const { pane } = this;
    if (pane.stack.length < 2) return;
    if (pane.frameTime && !pane.ownRate) this.rate = nearest(1000 / pane.frameTime);
    const tick = async () => {
      const started = performance.now();
      await pane.show((pane.index + 1) % pane.stack.length);
      if (this.timer !== undefined) this.timer = setTimeout(tick, Math.max(0, 1000 / this.rate - (performance.now() - started)));
    };
    this.timer = setTimeout(tick, 0);
    this.toolbar.update();
  }

  private stopCine(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.toolbar.update();
  }

  setRate(rate: number): void { this.rate = rate; this.pane.ownRate = true; }

  async save(): Promise<void> {
    const blob = await this.pane.png();
    const { series } = this.pane.place ?? {};
    if (blob) download(blob, `image-${series?.number || 1}-${this.pane.index + 1}.png`.replace(/[^\w.-]/g, '_'));
  }

  fullScreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.root.requestFullscreen?.().catch(() => undefined);
  }

  toggleTexts(): void {
    this.texts = !this.texts;
    this.root.classList.toggle('untexted', !this.texts);
  }

  help(): void { this.helpDialog.open(); }

  private toggleContents(show = this.root.classList.contains('folded')): void {
    this.root.classList.toggle('folded', !show);
    this.header.menu.setAttribute('aria-expanded', String(show));
  }

  // ---- the medium

  chooseMedium(): void { this.input.value = ''; this.input.click(); }

  private listenToDrops(): void {
    addEventListener('dragover', (event) => { event.preventDefault(); this.dropHere.hidden = false; });
    addEventListener('dragleave', (event) => { if (!event.relatedTarget) this.dropHere.hidden = true; });
    addEventListener('drop', (event) => {
      event.preventDefault();
      this.dropHere.hidden = true;
      if (event.dataTransfer) void fromDrop(event.dataTransfer).then((files) => this.take(files));
    });
  }

  /** Files the reader chose: the volume's own where any match, else whatever DICOM there is among them. */
  private async take(files: Named[]): Promise<void> {
    if (!files.length) return;
    const medium = new Medium(files);
    const wanted = this.all.flatMap((p) => p.series.instances ?? []);
    const there = wanted.filter((i) => i.file && medium.find(i.file)).length;
    if (there && await this.source.belongs(medium, wanted).catch(() => true)) {
      this.source.choose(medium);
      this.say(t('found', there, wanted.length));
      this.showBar();
      await Promise.all(this.panes.map((pane) => pane.reload()));
      this.tree.build(this.volume);
      this.tree.select(this.pane.place?.series);
      this.tree.startThumbnails();
      return;
    }
    const volume = await volumeOf(medium.files, (done) => { if (done % 20 === 0) this.say(t('reading', done, files.length)); });
    if (!volume.patients?.length) return this.say(t('foundNone'));
    this.source.choose(medium);
    this.say(t('found', places(volume).reduce((n, p) => n + (p.series.instances?.length ?? 0), 0), files.length));
    this.panes.forEach((pane) => pane.empty());
    await this.start({ ...volume, language: language() });
  }

  private quiet?: ReturnType<typeof setTimeout>;

  private say(sentence: string): void {
    this.status.textContent = sentence;
    this.status.hidden = false;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => { this.status.hidden = true; }, 6000);
  }
}

const nearest = (rate: number) => RATES.reduce((best, r) => (Math.abs(r - rate) < Math.abs(best - rate) ? r : best));

