// The head of the page: whose images these are, that they are not for diagnosis, the medium, the language, the help.
import { LANGUAGES, LANGUAGE_NAMES, language, sexOf, t } from '../texts';
import type { Place } from '../volume';
import { el, icon } from './dom';
import { ICONS } from './icons';

export interface HeaderActions { toggleContents(): void; choose(): void; setLanguage(language: string): void; help(): void }

export class Header {
  readonly root = el('header', { class: 'head' });
  readonly menu = el('button', { type: 'button', class: 'plain', 'data-action': 'toggle-contents', 'aria-controls': 'contents' });
  private who = el('div', { class: 'patient-now', 'data-pane': 'patient' });
  private badge = el('strong', { class: 'badge', 'data-pane': 'not-for-diagnosis' });
  private open = el('button', { type: 'button', class: 'plain', 'data-action': 'choose' });
  private chooser = el('select', { 'data-action': 'language' });
  private question = el('button', { type: 'button', class: 'plain', 'data-action': 'help' });

  constructor(actions: HeaderActions) {
    this.menu.addEventListener('click', () => actions.toggleContents());
    this.open.addEventListener('click', () => actions.choose());
    this.question.addEventListener('click', () => actions.help());
    this.chooser.addEventListener('change', () => actions.setLanguage(this.chooser.value));
    this.chooser.append(...LANGUAGES.map((code) => el('option', { value: code, lang: code }, LANGUAGE_NAMES[code])));
    this.root.append(this.menu, this.who, this.badge, el('div', { class: 'right' }, this.open, this.chooser, this.question));
  }

  words(): void {
    this.badge.textContent = t('notDiagnosis');
    this.badge.title = t('notDiagnosisLong');
    this.chooser.setAttribute('aria-label', t('language'));
    this.chooser.value = language();
    label(this.menu, 'menu', t('toggleContents'), t('contents'));
    label(this.open, 'folder', t('chooseOther'), t('chooseOther'));
    label(this.question, 'help', `${t('help')} (?)`, t('help'));
  }

  show(place: Place | undefined): void {
    const { name, id, birth, sex } = place?.patient ?? {};
    const more = [id, birth && t('born', birth), sexOf(sex)].filter(Boolean).join(' · ');
    this.who.replaceChildren(el('h1', { class: 'name' }, place ? name || t('noName') : t('title')), el('div', { class: 'more' }, more));
  }
}

function label(button: HTMLButtonElement, picture: keyof typeof ICONS, title: string, text: string): void {
  button.title = title;
  button.setAttribute('aria-label', title);
  button.replaceChildren(icon(ICONS[picture]), el('span', { class: 'label' }, text));
}
