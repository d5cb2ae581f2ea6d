// One frame of a DICOM file, decoded: the way from transfer syntax and image pixel attributes to samples or RGBA.
import { decode } from '../codecs/client';
import type { Decoded, Samples } from '../codecs/job';
import { Pixels, grey } from '../image/picture';
import { colour, palette } from './colour';
import { encapsulated } from './frames';
import type { Item } from './item';
import { Layout, bits, from422, mask, rle, samples } from './native';
import type { Parsed } from './parse';
import { BIG_ENDIAN, Way, wayOf } from './syntaxes';
import { T } from './tags';

/** What cannot be shown here and why; `reason` is a key of the texts. */
export class NotShown extends Error {
  constructor(readonly reason: 'errVideo' | 'errSyntax' | 'errNoPixels' | 'errFormat' | 'errOther', readonly detail = '') { super(reason + ' ' + detail); }
}

interface Attributes extends Layout { stored: number; high: number; photometric: string; planar: boolean; frames: number }

function attributes(item: Item): Attributes {
  const allocated = item.short(T.BitsAllocated) ?? 8;
  const stored = item.short(T.BitsStored) ?? allocated;
  return {
    rows: item.short(T.Rows) ?? 0, columns: item.short(T.Columns) ?? 0, samples: item.short(T.SamplesPerPixel) ?? 1,
    allocated, stored, high: item.short(T.HighBit) ?? stored - 1, signed: item.short(T.PixelRepresentation) === 1,
    photometric: item.uid(T.PhotometricInterpretation) || 'MONOCHROME2', planar: item.short(T.PlanarConfiguration) === 1,
    frames: frameCount(item),
  };
}

export const frameCount = (item: Item) => Math.max(1, Math.round(item.decimal(T.NumberOfFrames) ?? 1));

/** Decodes frame `number` (from 1). Throws NotShown where it cannot be. */
export async function pixelsOf({ item, syntax, bytes }: Parsed, number: number): Promise<Pixels> {
  const a = attributes(item);
  const way = wayOf(syntax);
  if (way === 'video') throw new NotShown('errVideo');
  if (!way) throw new NotShown('errSyntax', syntax);
  const floats = floating(item, a, number);
  if (floats) return floats;
  const element = item.element(T.PixelData);
  if (!element || !a.rows || !a.columns) throw new NotShown('errNoPixels');
  if (element.encapsulatedPixelData && way !== 'native') {
    const frame = encapsulated(item, element, bytes, number - 1, a.frames, way === 'rle');
    return way === 'rle' ? finish(item, a, fromRle(frame, a)) : finish(item, a, await compressed(way, frame, a));
  }
  return finish(item, a, uncompressed(item, a, number, syntax === BIG_ENDIAN, element.vr === 'OW'));
}

function fromRle(frame: Uint8Array, a: Attributes): Decoded {
  const data = samples(rle(frame, a), a, a.rows * a.columns * a.samples, false);
  return { data: mask(data, a.allocated, a.stored, a.high, a.signed), rows: a.rows, columns: a.columns, samples: a.samples, planar: true };
}

async function compressed(way: Exclude<Way, 'native' | 'rle' | 'video'>, frame: Uint8Array, a: Attributes): Promise<Decoded> {
  const job = { bytes: frame, bits: a.stored > 8 ? 16 : 8, signed: a.signed, photometric: a.photometric };
  const out = await decode(way, job).catch((error) => {
    if (way !== 'openjph') throw error;
    return decode('openjpeg', job);
  });
  return { ...out, data: resign(out.data, a.signed, a.stored) };
}

/** The sign is the data set's to say, not the codestream's. */
function resign(data: Samples, signed: boolean, stored: number): Samples {
  if (data instanceof Int32Array || data instanceof Uint32Array || data instanceof Float32Array) return data;
  const is = data instanceof Int16Array || data instanceof Int8Array;
  if (is === signed) return signed ? mask(data, data.BYTES_PER_ELEMENT * 8, stored, stored - 1, true) : data;
  const { buffer, byteOffset, length } = data;
  if (data.BYTES_PER_ELEMENT === 1) return mask(signed ? new Int8Array(buffer, byteOffset, length) : new Uint8Array(buffer, byteOffset, length), 8, stored, stored - 1, signed);
  return mask(signed ? new Int16Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length), 16, stored, stored - 1, signed);
}

function uncompressed(item: Item, a: Attributes, number: number, big: boolean, words: boolean): Decoded {
  const value = item.bytes(T.PixelData)!;
  const area = a.rows * a.columns;
  const shape = { rows: a.rows, columns: a.columns, samples: a.samples, planar: a.planar };
  if (a.allocated === 1) return { ...shape, data: bits(value, (number - 1) * area, area) };
  const halved = a.photometric === 'YBR_FULL_422' && a.samples === 3;
  const length = halved ? area * 2 : area * a.samples * (a.allocated >> 3);
  const swapped = big && words && a.allocated === 8; // bytes in big endian words
  const frame = (swapped ? pairs(value) : value).subarray((number - 1) * length, number * length);
  if (halved) return { ...shape, planar: false, data: from422(frame, area) };
  const data = samples(frame, a, area * a.samples, big);
  return { ...shape, data: mask(data, a.allocated, a.stored, a.high, a.signed) };
}

function pairs(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (let i = 0; i + 1 < out.length; i += 2) [out[i], out[i + 1]] = [out[i + 1], out[i]];
  return out;
}

/** Float Pixel Data and Double Float Pixel Data. */
function floating(item: Item, { rows, columns }: Attributes, number: number): Pixels | undefined {
  const [single, double] = [item.bytes(T.FloatPixelData), item.bytes(T.DoubleFloatPixelData)];
  const value = single ?? double;
  if (!value) return undefined;
  const size = single ? 4 : 8;
  const { buffer } = value.slice((number - 1) * rows * columns * size, number * rows * columns * size);
  return grey(single ? new Float32Array(buffer as ArrayBuffer) : Float32Array.from(new Float64Array(buffer as ArrayBuffer)), rows, columns);
}

function finish(item: Item, a: Attributes, out: Decoded): Pixels {
  const { rows, columns, data } = out;
  if (out.samples >= 3) {
    const stored = data.BYTES_PER_ELEMENT === 1 ? 8 : data.BYTES_PER_ELEMENT === 4 ? 32 : a.stored;
    return colour(data, rows, columns, !!out.planar, !out.rgb && a.photometric.startsWith('YBR_FULL'), stored);
  }
  return a.photometric === 'PALETTE COLOR' ? palette(item, data, rows, columns) : grey(data, rows, columns);
}
