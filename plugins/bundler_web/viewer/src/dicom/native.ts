// Pixels that are not compressed, and RLE: bytes to samples (PS3.5 2024e section 8.1, annex G).
import type { Samples } from '../codecs/job';

export interface Layout { rows: number; columns: number; samples: number; allocated: number; signed: boolean }

/** Samples of `allocated` bits out of bytes; the copy is aligned and in the order of this machine. */
export function samples(bytes: Uint8Array, { allocated, signed }: Layout, count: number, big: boolean): Samples {
  const size = allocated >> 3;
  if (bytes.length < count * size) {
    const padded = new Uint8Array(count * size); // a truncated file still shows what it has
    padded.set(bytes);
    bytes = padded;
  }
  const own = bytes.slice(0, count * size);
  if (big) swap(own, size);
  const { buffer } = own;
  if (allocated === 8) return signed ? new Int8Array(buffer) : own;
  if (allocated === 16) return signed ? new Int16Array(buffer) : new Uint16Array(buffer);
  if (allocated === 32) return signed ? new Int32Array(buffer) : new Uint32Array(buffer);
  throw new Error(`${allocated} bits`);
}

function swap(bytes: Uint8Array, size: number): void {
  if (size > 1) for (let i = 0; i + size <= bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/** One bit per pixel, the first pixel in the lowest bit; frames follow each other without padding. */
export function bits(bytes: Uint8Array, first: number, count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = (bytes[(first + i) >> 3] >> ((first + i) & 7)) & 1;
  return out;
}

/** Values of `stored` bits below `high`; bits beside them (old overlays) are masked, the sign is carried on. */
export function mask(data: Samples, allocated: number, stored: number, high: number, signed: boolean): Samples {
  if (stored >= allocated || allocated > 16) return data;
  const down = Math.max(0, high + 1 - stored);
  const up = 32 - stored;
  for (let i = 0; i < data.length; i++) data[i] = signed ? ((data[i] >> down) << up) >> up : (data[i] >> down) & ((1 << stored) - 1);
  return data;
}

/** YBR_FULL_422: Y1 Y2 Cb Cr for every two pixels; the pairs get the same colour. */
export function from422(bytes: Uint8Array, pixels: number): Uint8Array {
  const out = new Uint8Array(pixels * 3);
  for (let i = 0, at = 0; i + 3 < bytes.length && at < out.length; i += 4) {
    out[at++] = bytes[i]; out[at++] = bytes[i + 2]; out[at++] = bytes[i + 3];
    out[at++] = bytes[i + 1]; out[at++] = bytes[i + 2]; out[at++] = bytes[i + 3];
  }
  return out;
}

/** RLE: one segment per byte plane, most significant first, samples one after the other. Gives planar little endian bytes. */
export function rle(frame: Uint8Array, { rows, columns, samples: perPixel, allocated }: Layout): Uint8Array {
  const head = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const size = allocated >> 3;
  const area = rows * columns;
  const out = new Uint8Array(area * perPixel * size);
  const segments = head.getUint32(0, true);
  if (segments < perPixel * size) throw new Error('RLE segments are missing');
  for (let s = 0; s < perPixel * size; s++) {
    const end = s + 1 < segments ? head.getUint32(8 + 4 * s, true) : frame.length;
    const sample = Math.floor(s / size);
    packBits(frame.subarray(head.getUint32(4 + 4 * s, true), end), out, sample * area * size + (size - 1 - (s % size)), size, area);
  }
  return out;
}

/** Unpacks one segment into every `step`-th byte from `at`. */
function packBits(segment: Uint8Array, out: Uint8Array, at: number, step: number, count: number): void {
  let left = count;
  for (let i = 0; i < segment.length && left > 0;) {
    const code = segment[i++];
    if (code === 128) continue;
    const run = Math.min(left, code < 128 ? code + 1 : 257 - code);
    for (let k = 0; k < run; k++, at += step) out[at] = code < 128 ? segment[i + k] : segment[i];
    i += code < 128 ? code + 1 : 1;
    left -= run;
  }
}
