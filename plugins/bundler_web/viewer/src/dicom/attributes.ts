// All attributes of a data set as rows of a table, for objects that are neither image nor document.
import { Item } from './item';
import { nameOf } from './names';

export interface Row { depth: number; tag: string; name: string; vr: string; value: string }

const MOST = 3000;
const LONGEST = 400;
const TEXT = /^(AE|AS|CS|DA|DS|DT|IS|LO|LT|PN|SH|ST|TM|UC|UI|UR|UT)$/;
const WIDTHS: Record<string, number> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, AT: 4 };

export function attributeRows(item: Item): Row[] {
  const rows: Row[] = [];
  walk(item, 0, rows);
  return rows;
}

function walk(item: Item, depth: number, rows: Row[]): void {
  for (const tag of Object.keys(item.set.elements).sort()) {
    if (rows.length >= MOST) return;
    const element = item.set.elements[tag];
    const label = `(${tag.slice(1, 5)},${tag.slice(5)})`.toUpperCase();
    const items = element.items ? item.items(tag) : [];
    rows.push({ depth, tag: label, name: nameOf(tag), vr: element.vr ?? '', value: element.items ? `${items.length} ×` : value(item, tag) });
    if (depth < 8) for (const child of items) walk(child, depth + 1, rows);
  }
}

function value(item: Item, tag: string): string {
  const element = item.set.elements[tag];
  const vr = element.vr ?? '';
  if (!element.length) return '';
  if (WIDTHS[vr] && element.length <= 16 * WIDTHS[vr]) return numbers(item, tag, vr);
  if (vr && !TEXT.test(vr)) return `${element.length} B`;
  if (!vr && !printable(item.bytes(tag)!)) return `${element.length} B`;
  const text = item.text(tag, vr || 'LO');
  return text.length > LONGEST ? text.slice(0, LONGEST) + '…' : text;
}

function printable(bytes: Uint8Array): boolean {
  return bytes.length <= 4096 && bytes.every((b, i) => b >= 0x20 || b === 9 || b === 10 || b === 13 || (b === 0 && i === bytes.length - 1));
}

function numbers(item: Item, tag: string, vr: string): string {
  const { set } = item;
  const read = { US: set.uint16, SS: set.int16, UL: set.uint32, SL: set.int32, FL: set.float, FD: set.double, AT: set.uint16 }[vr]!;
  const count = set.elements[tag].length / (vr === 'AT' ? 2 : WIDTHS[vr]);
  return Array.from({ length: count }, (_, i) => read.call(set, tag, i)).join('\\');
}
