// Three samples, or indexes of a palette, to RGBA (PS3.3 2024e C.7.6.3.1.2, C.7.6.3.1.5, C.7.9.2).
import type { Samples } from '../codecs/job';
import type { Colour } from '../image/picture';
import type { Item } from './item';
import { T } from './tags';

/** RGB or YBR samples of any depth to RGBA of 8 bit. */
export function colour(data: Samples, rows: number, columns: number, planar: boolean, ybr: boolean, stored: number): Colour {
  const area = rows * columns;
  const out = new Uint8ClampedArray(area * 4);
  const [step, next] = planar ? [1, area] : [3, 1];
  const scale = 255 / (2 ** stored - 1);
  for (let i = 0, at = 0, from = 0; i < area; i++, at += 4, from += step) {
    const a = data[from] * scale, b = data[from + next] * scale, c = data[from + 2 * next] * scale;
    if (ybr) {
      out[at] = a + 1.402 * (c - 128);
      out[at + 1] = a - 0.344136 * (b - 128) - 0.714136 * (c - 128);
      out[at + 2] = a + 1.772 * (b - 128);
    } else { out[at] = a; out[at + 1] = b; out[at + 2] = c; }
    out[at + 3] = 255;
  }
  return { kind: 'colour', rows, columns, data: out };
}

export function palette(item: Item, data: Samples, rows: number, columns: number): Colour {
  const tables = (['Red', 'Green', 'Blue'] as const).map((name) => lut(item, T[`${name}Descriptor`], T[`${name}Data`], T[`${name}Segmented`]));
  const out = new Uint8ClampedArray(rows * columns * 4);
  for (let i = 0, at = 0; i < rows * columns; i++, at += 4) {
    for (let c = 0; c < 3; c++) {
      const { entries, first } = tables[c];
      out[at + c] = entries[Math.min(Math.max(data[i] - first, 0), entries.length - 1)];
    }
    out[at + 3] = 255;
  }
  return { kind: 'colour', rows, columns, data: out };
}

function lut(item: Item, descriptor: string, plain: string, segmented: string): { first: number; entries: Uint8Array } {
  const [count, first, bits] = item.shorts(descriptor);
  const length = count || 65536;
  let values: ArrayLike<number>;
  const bytes = item.bytes(plain);
  if (bytes && bytes.length <= length + 1 && length > 1) values = bytes; // 8 bit entries, two to a word
  else if (bytes) values = item.shorts(plain);
  else values = segments(item.shorts(segmented), length);
  const down = bits > 8 && bytes?.length !== length ? 8 : 0;
  return { first, entries: Uint8Array.from({ length }, (_, i) => (values[i] ?? 0) >> down) };
}

/** Segmented palette: discrete, linear and indirect segments. */
function segments(words: number[], length: number): number[] {
  const out: number[] = [];
  const starts: number[] = [];
  const run = (at: number): number => {
    const [kind, n] = [words[at], words[at + 1]];
    starts.push(at);
    if (kind === 0) { out.push(...words.slice(at + 2, at + 2 + n)); return at + 2 + n; }
    if (kind === 1) {
      const from = out[out.length - 1] ?? 0;
      for (let i = 1; i <= n; i++) out.push(Math.round(from + ((words[at + 2] - from) * i) / n));
      return at + 3;
    }
    let back = words[at + 2] | (words[at + 3] << 16);
    for (let i = 0; i < n && out.length < length; i++) back = run(back);
    return at + 4;
  };
  for (let at = 0; at < words.length && out.length < length;) at = run(at);
  return out;
}
