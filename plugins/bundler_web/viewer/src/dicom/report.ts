// The content tree of a structured report as a document: sections, lines, measurements, references (PS3.3 2024e C.17.3).
import type { Item } from './item';
import { isoDate, isoDateTime, clock, personName } from './values';
import { T } from './tags';

export interface Line {
  /** Concept name, "" where the item has none. */
  name: string;
  /** Value as a reader wants it; "" for containers. */
  value: string;
  /** Code behind the value, e.g. "T-D1100 SRT"; shown small. */
  code: string;
  section: boolean;
  /** SOP Instance UID of what is referred to, and its frame. */
  reference?: { uid: string; frame?: number };
  lines: Line[];
}

/** The document as one line whose `lines` are the content. */
export function report(item: Item): Line { return line(item, 0); }

const DEEPEST = 40;

function line(item: Item, depth: number): Line {
  const type = item.uid(T.ValueType) || 'CONTAINER';
  const [value, code] = valueOf(item, type);
  const lines = depth < DEEPEST ? item.items(T.ContentSequence).map((child) => line(child, depth + 1)) : [];
  return { name: meaning(item.item(T.ConceptNameCodeSequence))[0], value, code, section: type === 'CONTAINER', reference: reference(item, type), lines };
}

function meaning(code: Item | undefined): [string, string] {
  if (!code) return ['', ''];
  const value = code.text(T.CodeValue, 'SH');
  return [code.text(T.CodeMeaning) || value, [value, code.text(T.CodingSchemeDesignator, 'SH')].filter(Boolean).join(' ')];
}

function valueOf(item: Item, type: string): [string, string] {
  switch (type) {
    case 'TEXT': return [item.text(T.TextValue, 'UT'), ''];
    case 'CODE': return meaning(item.item(T.ConceptCodeSequence));
    case 'NUM': return [number(item), ''];
    case 'PNAME': return [personName(item.text(T.PersonName, 'PN')), ''];
    case 'DATE': return [isoDate(item.uid(T.Date)), ''];
    case 'TIME': return [clock(item.uid(T.Time)), ''];
    case 'DATETIME': return [isoDateTime(item.uid(T.DateTime)), ''];
    case 'UIDREF': return [item.uid(T.UID), ''];
    default: return ['', ''];
  }
}

function number(item: Item): string {
  const measured = item.item(T.MeasuredValueSequence);
  if (!measured) return '–';
  const unit = measured.item(T.MeasurementUnitsCodeSequence);
  const symbol = unit?.text(T.CodeValue, 'SH') ?? '';
  const shown = symbol === '1' ? '' : symbol && symbol.length <= 10 && !symbol.startsWith('{') ? symbol : meaning(unit)[0];
  return `${measured.text(T.NumericValue, 'DS')} ${shown}`.trim();
}

function reference(item: Item, type: string): Line['reference'] {
  if (!['IMAGE', 'COMPOSITE', 'WAVEFORM'].includes(type)) return undefined;
  const to = item.item(T.ReferencedSOPSequence);
  const uid = to?.uid(T.ReferencedSOPInstanceUID);
  return uid ? { uid, frame: to?.decimal(T.ReferencedFrameNumber) } : undefined;
}
