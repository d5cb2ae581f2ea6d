// What is not an image, in a pane: structured reports as a document, PDFs in a frame, anything else as a table.
import { attributeRows } from '../dicom/attributes';
import type { Item } from '../dicom/item';
import type { Parsed } from '../dicom/parse';
import { Line, report } from '../dicom/report';
import { isoDate, personName } from '../dicom/values';
import { T } from '../dicom/tags';
import { sexOf, t } from '../texts';
import type { Instance } from '../volume';
import { download, el } from './dom';
import type { Host } from './pane';

const urls = new WeakMap<HTMLElement, string>();

export function showDocument(paper: HTMLElement, instance: Instance, { item }: Parsed, host: Host): void {
  const old = urls.get(paper);
  if (old) URL.revokeObjectURL(old);
  urls.delete(paper);
  paper.className = `paper ${instance.kind}`;
  if (instance.kind === 'sr') paper.replaceChildren(sheet(item, host));
  else if (instance.kind === 'pdf' && item.has(T.EncapsulatedDocument)) paper.replaceChildren(...pdf(paper, item, instance));
  else paper.replaceChildren(table(item, instance));
  paper.scrollTop = 0;
}

// ---- structured reports

function sheet(item: Item, host: Host): HTMLElement {
  const root = report(item);
  const verified = item.uid(T.VerificationFlag);
  const who = [personName(item.text(T.PatientName, 'PN')), item.text(T.PatientID), isoDate(item.uid(T.PatientBirthDate)), sexOf(item.uid(T.PatientSex))];
  const meta = [isoDate(item.uid(T.ContentDate) || item.uid(T.StudyDate)), item.text(T.InstitutionName),
    verified === 'VERIFIED' ? t('verified') : verified === 'UNVERIFIED' ? t('unverified') : ''];
  const sheet = el('article', { class: 'sheet', tabindex: '0' }, el('h2', {}, root.name || t('report')),
    el('p', { class: 'who' }, who.filter(Boolean).join(' · ')), el('p', { class: 'meta' }, meta.filter(Boolean).join(' · ')));
  for (const line of root.lines) sheet.append(block(line, 3, host));
  return sheet;
}

function block(line: Line, depth: number, host: Host): HTMLElement {
  const inside = line.lines.map((child) => block(child, depth + (line.section ? 1 : 0), host));
  if (line.section) {
    const heading = line.name ? [el(`h${Math.min(depth, 6)}` as 'h3', {}, line.name)] : [];
    return el('section', { class: 'sr' }, ...heading, ...inside);
  }
  const long = line.value.length > 90 || line.value.includes('\n');
  const row = el('div', { class: long ? 'item long' : 'item' });
  if (line.name) row.append(el('span', { class: 'concept' }, line.name));
  if (line.value) row.append(el('span', { class: 'text' }, line.value));
  if (line.code) row.append(el('span', { class: 'code' }, line.code));
  if (line.reference) row.append(link(line.reference, host));
  return inside.length ? el('div', {}, row, el('div', { class: 'inner' }, ...inside)) : row;
}

function link({ uid, frame }: NonNullable<Line['reference']>, host: Host): HTMLElement {
  if (!host.hasInstance(uid)) return el('span', { class: 'code' }, `${uid} (${t('notHere')})`);
  const button = el('button', { class: 'link', 'data-action': 'show-reference' }, t('showImage'));
  button.addEventListener('click', () => host.openInstance(uid, frame));
  return button;
}

// ---- encapsulated PDF

function pdf(paper: HTMLElement, item: Item, instance: Instance): HTMLElement[] {
  let bytes = item.bytes(T.EncapsulatedDocument)!;
  const [low, high] = item.shorts(T.EncapsulatedDocumentLength);
  const length = low === undefined ? bytes.length : low + (high ?? 0) * 65536;
  if (length && length <= bytes.length) bytes = bytes.subarray(0, length);
  const blob = new Blob([bytes as BlobPart], { type: 'application/pdf' }); // never the type the data names: only PDF is opened
  const url = URL.createObjectURL(blob);
  urls.set(paper, url);
  const title = item.text(T.DocumentTitle, 'ST') || t('document');
  const open = el('a', { href: url, target: '_blank', rel: 'noopener', class: 'button', 'data-action': 'open-document' }, t('openTab'));
  const save = el('button', { 'data-action': 'save-document' }, t('saveFile'));
  save.addEventListener('click', () => download(blob, `${instance.number || 'document'}.pdf`.replace(/[^\w.-]/g, '_')));
  return [el('div', { class: 'bar' }, el('strong', {}, title), open, save), el('iframe', { src: url, title })];
}

// ---- anything else

function table(item: Item, instance: Instance): HTMLElement {
  const body = el('tbody');
  for (const { depth, tag, name, vr, value } of attributeRows(item)) {
    const label = el('td', {}, name);
    label.style.paddingInlineStart = `${0.6 + depth}rem`;
    body.append(el('tr', {}, el('td', { class: 'tag' }, tag), label, el('td', { class: 'vr' }, vr), el('td', {}, value)));
  }
  const head = el('tr', {}, ...[t('tag'), t('attribute'), 'VR', t('value')].map((name) => el('th', { scope: 'col' }, name)));
  return el('article', { class: 'sheet wide', tabindex: '0' }, el('h2', {}, t('tableTitle', instance.class || instance.file || t('document'))),
    el('table', {}, el('thead', {}, head), body));
}
