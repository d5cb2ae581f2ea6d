// The compressed bytes of one frame out of encapsulated pixel data (PS3.5 2024e annex A.4).
import type { Element } from 'dicom-parser';
import type { Item } from './item';
import { T } from './tags';

interface Fragment { offset: number; position: number; length: number }

/** Bytes of frame `index` (from 0) of `count`. */
export function encapsulated(item: Item, element: Element, bytes: Uint8Array, index: number, count: number, rle: boolean): Uint8Array {
  const fragments = (element.fragments ?? []) as Fragment[];
  if (!fragments.length) throw new Error('no fragments');
  const [from, to] = range(item, element, fragments, bytes, index, count, rle);
  const parts = fragments.slice(from, to).map((f) => bytes.subarray(f.position, f.position + f.length));
  return parts.length === 1 ? parts[0] : join(parts);
}

/** First and one past the last fragment of a frame: by offset table, by count, or by the marks that begin a stream. */
function range(item: Item, element: Element, fragments: Fragment[], bytes: Uint8Array, index: number, count: number, rle: boolean): [number, number] {
  if (count === 1) return [0, fragments.length];
  const basic = (element.basicOffsetTable ?? []) as number[];
  const table = basic.length === count ? basic : extended(item, count);
  if (table) {
    const at = (offset: number) => fragments.findIndex((f) => f.offset === offset);
    const from = at(table[index]);
    const to = index + 1 < count ? at(table[index + 1]) : fragments.length;
    if (from >= 0 && to > from) return [from, to];
  }
  if (fragments.length === count || rle) return [index, index + 1];
  const starts = fragments.flatMap((f, i) => (begins(bytes, f.position) ? [i] : []));
  if (index >= starts.length) throw new Error(`frame ${index + 1} is missing`);
  return [starts[index], starts[index + 1] ?? fragments.length];
}

function extended(item: Item, count: number): number[] | undefined {
  const value = item.bytes(T.ExtendedOffsetTable);
  if (!value || value.length < 8 * count) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: count }, (_, i) => Number(view.getBigUint64(8 * i, true)));
}

/** Start of image of JPEG and JPEG-LS (FFD8), start of codestream of JPEG 2000 (FF4F), or a JP2 box. */
function begins(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xff) return bytes[at + 1] === 0xd8 || bytes[at + 1] === 0x4f;
  return bytes[at] === 0 && bytes[at + 3] === 12 && bytes[at + 4] === 0x6a;
}

function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}
