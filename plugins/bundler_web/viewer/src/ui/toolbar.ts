// The toolbar: tools, view, windows, cine, layout and a menu with the rest. Buttons come from the table of actions.
import { Key, t } from '../texts';
import { ACTIONS, Action, Desk } from './actions';
import { el, icon } from './dom';
import { ICONS } from './icons';

export interface Bench extends Desk {
  layout: number;
  rate: number;
  setLayout(panes: number): void;
  setRate(rate: number): void;
}

export const RATES = [1, 2, 5, 10, 15, 20, 25, 30, 50, 60];
export const LAYOUTS = [1, 2, 4];

export class Toolbar {
  readonly root = el('div', { class: 'toolbar', role: 'toolbar', 'data-pane': 'toolbar' });
  private buttons = new Map<Action, HTMLButtonElement>();
  private windows = el('select', { 'data-action': 'window-preset' });
  private rates = el('select', { 'data-action': 'rate' });
  private layouts = el('div', { class: 'segments', role: 'group' });
  private menu = el('div', { class: 'menu', hidden: true, 'data-pane': 'more' });
  private moreButton = button('more', 'more', 'more');
  private listed = '';

  constructor(private bench: Bench) {
    this.windows.addEventListener('change', () => this.chooseWindow());
    this.rates.addEventListener('change', () => bench.setRate(Number(this.rates.value)));
    this.moreButton.addEventListener('click', () => this.openMenu(this.menu.hidden !== false));
    document.addEventListener('pointerdown', (event) => {
      if (!(event.target as Element).closest?.('.menu, [data-action=more]')) this.openMenu(false);
    });
    this.menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      this.openMenu(false);
      this.moreButton.focus();
      event.stopPropagation();
    });
    this.words();
  }

  /** All buttons anew, in the language of the moment. */
  words(): void {
    this.buttons.clear();
    const of = (group: Action['group']) => ACTIONS.filter((a) => a.group === group).map((a) => this.make(a));
    const pages = ACTIONS.filter((a) => a.id === 'play').map((a) => this.make(a));
    this.root.setAttribute('aria-label', t('tools'));
    this.windows.setAttribute('aria-label', t('presets'));
    this.rates.setAttribute('aria-label', t('rate'));
    this.rates.title = t('rate');
    this.rates.replaceChildren(...RATES.map((rate) => el('option', { value: rate }, `${rate}/s`)));
    this.moreButton = relabel(this.moreButton, 'more');
    this.moreButton.setAttribute('aria-expanded', 'false');
    this.layouts.setAttribute('aria-label', t('layout'));
    this.layouts.replaceChildren(...LAYOUTS.map((panes) => this.layoutButton(panes)));
    this.menu.replaceChildren(...of('more'));
    this.menu.hidden = true;
    this.root.replaceChildren(
      el('div', { class: 'group' }, ...of('tool')), el('div', { class: 'group' }, this.windows), el('div', { class: 'group' }, ...of('view')),
      el('div', { class: 'group' }, ...pages, this.rates), el('div', { class: 'group' }, this.layouts),
      el('div', { class: 'group' }, this.moreButton));
    this.listed = '';
    this.update();
  }

  /** The menu hangs beside the toolbar, which scrolls on small screens and would cut it off. */
  get popup(): HTMLElement { return this.menu; }

  private make(action: Action): HTMLButtonElement {
    const made = button(action.id, action.icon, action.text, action.key);
    if (action.pressed) made.setAttribute('aria-pressed', 'false');
    made.addEventListener('click', () => {
      action.run(this.bench);
      if (action.group === 'more') this.openMenu(false);
      this.update();
    });
    this.buttons.set(action, made);
    return made;
  }

  private layoutButton(panes: number): HTMLElement {
    const name = { 1: '1×1', 2: '1×2', 4: '2×2' }[panes]!;
    const made = el('button', { type: 'button', 'data-action': `layout-${name.replace('×', 'x')}`, 'aria-pressed': 'false', title: `${t('layout')} ${name} (G)`, 'data-panes': panes }, name);
    made.addEventListener('click', () => this.bench.setLayout(panes));
    return made;
  }

  private openMenu(open: boolean): void {
    if (this.menu.hidden === !open) return;
    this.menu.hidden = !open;
    this.moreButton.setAttribute('aria-expanded', String(open));
    if (open) this.menu.querySelector('button')?.focus();
  }

  private chooseWindow(): void {
    const preset = this.bench.pane.presets().find((p) => p.id === this.windows.value);
    if (preset) this.bench.pane.setWindow(preset.id === 'image0' ? undefined : preset.chosen, preset.id === 'image0' ? '' : preset.id);
  }

  /** Pressed states, presets and rate as they are now. */
  update(): void {
    const { bench } = this;
    for (const [action, made] of this.buttons) {
      if (action.pressed) made.setAttribute('aria-pressed', String(action.pressed(bench)));
      if (action.id === 'play') dress(made, bench.playing ? 'stop' : 'play', bench.playing ? 'stop' : 'play', ' ');
    }
    for (const made of this.layouts.children) made.setAttribute('aria-pressed', String(Number(made.getAttribute('data-panes')) === bench.layout));
    if (this.rates.value !== String(bench.rate)) this.chooseRate(bench.rate);
    this.presets();
  }

  private chooseRate(rate: number): void {
    if (![...this.rates.options].some((o) => Number(o.value) === rate)) this.rates.append(el('option', { value: rate }, `${rate}/s`));
    this.rates.value = String(rate);
  }

  private presets(): void {
    const { pane } = this.bench;
    const all = pane.presets();
    const options = all.map((p) => ({ id: p.id, name: p.name || t(p.key!, p.number ?? '') }));
    const own = !!pane.chosen && !pane.presetId;
    if (own) options.unshift({ id: 'own', name: t('winOwn') });
    if (!all.length) options.push({ id: '', name: t('presets') });
    const key = JSON.stringify(options);
    if (key !== this.listed) {
      this.listed = key;
      this.windows.replaceChildren(...options.map(({ id, name }) => el('option', { value: id }, name)));
    }
    this.windows.disabled = !all.length;
    this.windows.value = own ? 'own' : pane.presetId || all[0]?.id || '';
  }
}

function button(id: string, picture: keyof typeof ICONS, text: Key, key = ''): HTMLButtonElement {
  const made = el('button', { type: 'button', class: 'tool', 'data-action': id });
  dress(made, picture, text, key);
  return made;
}

const keyName = (key: string) => (key === ' ' ? t('space') : key === 'Escape' ? 'Esc' : key.toUpperCase());

function dress(made: HTMLButtonElement, picture: keyof typeof ICONS, text: Key, key: string): void {
  const title = (text === 'oneToOne' ? t('oneToOneLong') : t(text)) + (key ? ` (${keyName(key)})` : '');
  if (made.title === title) return;
  made.title = title;
  made.setAttribute('aria-keyshortcuts', key === ' ' ? 'Space' : key);
  if (!key) made.removeAttribute('aria-keyshortcuts');
  made.replaceChildren(icon(ICONS[picture]), el('span', { class: 'label' }, t(text)));
}

function relabel(made: HTMLButtonElement, text: Key): HTMLButtonElement {
  dress(made, 'more', text, '');
  return made;
}
