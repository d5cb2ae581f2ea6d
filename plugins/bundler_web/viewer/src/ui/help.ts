// The help: keys and gestures from the same table as the buttons, in a dialog.
import { Key, t } from '../texts';
import { ACTIONS, GESTURES } from './actions';
import { el, icon } from './dom';
import { ICONS } from './icons';

const WORDS = /^help|^chosen/;
const say = (part: string) => (WORDS.test(part) ? t(part as Key) : part);

export class Help {
  readonly root = el('dialog', { class: 'help', 'data-pane': 'help', 'aria-labelledby': 'help-title' });

  open(): void {
    if (this.root.open) return this.root.close();
    this.words();
    this.root.showModal();
  }

  private words(): void {
    const close = el('button', { type: 'button', class: 'plain', 'data-action': 'close-help', 'aria-label': t('close') }, icon(ICONS.close));
    close.addEventListener('click', () => this.root.close());
    const gestures = GESTURES.map(([keys, text]) => row(joined(keys), t(text)));
    const keys = ACTIONS.map((a) => row([key(a.key)], t(a.text)));
    this.root.replaceChildren(
      el('div', { class: 'title' }, el('h2', { id: 'help-title' }, t('help')), close), el('p', { class: 'warn' }, t('notDiagnosisLong')), el('p', {}, t('helpIntro')),
      el('div', { class: 'columns', tabindex: '0', role: 'group', 'aria-label': t('help') }, el('dl', {}, ...gestures), el('dl', {}, ...keys)));
  }
}

function row(keys: Node[], text: string): HTMLElement {
  return el('div', {}, el('dt', {}, ...keys), el('dd', {}, text));
}

const key = (name: string) => el('kbd', {}, name === ' ' ? t('space') : name === 'Escape' ? 'Esc' : name.length === 1 ? name.toUpperCase() : name);

/** A part that ends in "+ " is held together with the next. */
function joined(parts: string[]): Node[] {
  const out: Node[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i].endsWith('+ ')) { out.push(key(parts[i].slice(0, -3)), document.createTextNode(' + '), key(say(parts[++i]))); continue; }
    if (i) out.push(document.createTextNode(' '));
    out.push(key(say(parts[i])));
  }
  return out;
}
