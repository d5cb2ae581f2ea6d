// From stored values to grey levels: modality transform, VOI window or table, polarity (PS3.3 2024e C.11.1, C.11.2).
import type { Grey, Look, Table, VoiWindow } from './picture';

/** What the reader chose: a window, or entry `table` of the VOI LUTs. */
export interface Chosen { centre: number; width: number; table?: number }

function inTable({ first, entries }: Table, value: number): number {
  return entries[Math.min(Math.max(Math.round(value) - first, 0), entries.length - 1)];
}

/** The modality value of a stored value, e.g. Hounsfield units. */
export function modalityValue(look: Look, stored: number): number {
  return look.modality ? inTable(look.modality, stored) : stored * look.slope + look.intercept;
}

/** Grey level 0..255 of a modality value. */
export function level(look: Look, { centre, width, table }: Chosen, value: number): number {
  const lut = table === undefined ? undefined : look.tables[table];
  if (lut) return (inTable(lut, value) * 255) / (2 ** lut.bits - 1);
  if (look.fn === 'SIGMOID') return 255 / (1 + Math.exp((-4 * (value - centre)) / width));
  if (look.fn === 'LINEAR_EXACT') return ((value - centre) / width + 0.5) * 255;
  if (width <= 1) return value <= centre - 0.5 ? 0 : 255;
  return ((value - (centre - 0.5)) / (width - 1) + 0.5) * 255;
}

/** The window of first choice: the first of the image, else the range of its values. */
export function firstWindow(look: Look, pixels: Grey): VoiWindow {
  return look.windows[0] ?? fullWindow(look, pixels);
}

export function fullWindow(look: Look, pixels: Grey): VoiWindow {
  const [low, high] = look.padding ? rangeWithout(pixels, look.padding) : [pixels.low, pixels.high];
  const [a, b] = look.modality ? tableRange(look.modality) : [modalityValue(look, low), modalityValue(look, high)];
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  const integers = Number.isInteger(from) && Number.isInteger(to);
  return { centre: (from + to + (integers ? 1 : 0)) / 2, width: Math.max(to - from + (integers ? 1 : 0), integers ? 1 : 1e-6), name: '' };
}

function tableRange({ entries }: Table): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const v of entries) { low = Math.min(low, v); high = Math.max(high, v); }
  return [low, high];
}

function rangeWithout({ data, low, high }: Grey, [from, to]: [number, number]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v >= from && v <= to) continue;
    if (v < least) least = v;
    if (v > most) most = v;
  }
  return least > most ? [low, high] : [least, most];
}

const WIDEST_TABLE = 1 << 17;

/** Paints grey pixels into RGBA words, by a table over all stored values where their range allows one. */
export function paint(pixels: Grey, look: Look, chosen: Chosen, invert: boolean, out: Uint32Array): void {
  const { data, low, high } = pixels;
  const flip = look.invert !== invert;
  const [padFrom, padTo] = look.padding ?? [1, 0];
  const word = (stored: number) => {
    if (stored >= padFrom && stored <= padTo) return 0xff000000;
    let grey = Math.round(level(look, chosen, modalityValue(look, stored)));
    grey = grey < 0 ? 0 : grey > 255 ? 255 : grey;
    if (flip) grey = 255 - grey;
    return (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
  };
  if (data instanceof Float32Array || high - low > WIDEST_TABLE) {
    for (let i = 0; i < data.length; i++) out[i] = word(data[i]);
    return;
  }
  const table = new Uint32Array(high - low + 1);
  for (let i = 0; i < table.length; i++) table[i] = word(low + i);
  for (let i = 0; i < data.length; i++) out[i] = table[data[i] - low];
}
