// A JPEG decoder for the discrete cosine transform (ITU-T T.81): sequential with 8 and 12 bit, and progressive.
// Browsers decode 8 bit only and hide the samples behind their colour management; DICOM also has 12 bit (Process 4).
// Coefficients of the whole picture are read first, then every component is transformed and brought to full size.
import type { Decoded, Job } from './job';

interface Component {
  id: number; h: number; v: number; quant: number;
  /** Blocks that the picture needs, and blocks that interleaved MCUs carry. */
  blocksWide: number; blocksHigh: number; stride: number;
  coefficients: Int16Array;
  dc: Table; ac: Table; previous: number;
}

interface Table { fast: Uint16Array; max: Int32Array; offset: Int32Array; values: Uint8Array }

interface Header {
  precision: number; rows: number; columns: number; progressive: boolean; restart: number;
  components: Component[]; hMax: number; vMax: number;
  quants: Float32Array[]; dcTables: Table[]; acTables: Table[];
  adobe?: number; jfif: boolean;
}

const ZIGZAG = new Uint8Array([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63]);

/** Scale factors of the AAN transform; multiplied into the quantisation tables. */
const AAN = [1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.5411961, 0.275899379];

export function decodeJpeg(job: Job): Decoded {
  const header = readStream(job.bytes);
  const planes = header.components.map((c) => upsample(transform(c, header), c, header));
  return assemble(header, planes, job.photometric);
}

// ---- the marker segments

function readStream(bytes: Uint8Array): Header {
  const header: Header = { precision: 8, rows: 0, columns: 0, progressive: false, restart: 0, components: [], hMax: 1, vMax: 1,
    quants: [], dcTables: [], acTables: [], jfif: false };
  const word = (at: number) => (bytes[at] << 8) | bytes[at + 1];
  let at = 2;
  if (word(0) !== 0xffd8) throw new Error('not a JPEG stream');
  while (at + 3 < bytes.length) {
    if (bytes[at] !== 0xff) { at++; continue; }
    const marker = bytes[at + 1];
    if (marker === 0xff || marker === 0 || (marker >= 0xd0 && marker <= 0xd8)) { at += marker === 0xff ? 1 : 2; continue; }
    if (marker === 0xd9) break;
    const length = word(at + 2);
    const segment = bytes.subarray(at + 4, at + 2 + length);
    at += 2 + length;
    if (marker === 0xda) at = readScan(header, segment, bytes, at);
    else readSegment(header, marker, segment);
  }
  if (!header.components.length) throw new Error('no frame in the JPEG stream');
  return header;
}

function readSegment(header: Header, marker: number, s: Uint8Array): void {
  if (marker === 0xdb) readQuants(header, s);
  else if (marker === 0xc4) readHuffman(header, s);
  else if (marker === 0xdd) header.restart = (s[0] << 8) | s[1];
  else if (marker === 0xe0 && s[0] === 0x4a && s[1] === 0x46) header.jfif = true;
  else if (marker === 0xee && s.length >= 12 && s[0] === 0x41 && s[1] === 0x64) header.adobe = s[11];
  else if (marker >= 0xc0 && marker <= 0xc2) readFrame(header, s, marker === 0xc2);
  else if (marker >= 0xc3 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc)
    throw new Error(`a JPEG process that is not decoded here (SOF${marker - 0xc0})`);
}

function readQuants(header: Header, s: Uint8Array): void {
  for (let at = 0; at < s.length;) {
    const wide = s[at] >> 4;
    const table = new Float32Array(64);
    const id = s[at++] & 15;
    for (let k = 0; k < 64; k++, at += wide ? 2 : 1) {
      const position = ZIGZAG[k];
      const q = wide ? (s[at] << 8) | s[at + 1] : s[at];
      table[position] = (q * AAN[position >> 3] * AAN[position & 7]) / 8;
    }
    header.quants[id] = table;
  }
}

function readHuffman(header: Header, s: Uint8Array): void {
  for (let at = 0; at + 17 <= s.length;) {
    const kind = s[at] >> 4;
    const id = s[at] & 15;
    const counts = s.subarray(at + 1, at + 17);
    const total = counts.reduce((a, b) => a + b, 0);
    (kind ? header.acTables : header.dcTables)[id] = huffman(counts, s.subarray(at + 17, at + 17 + total));
    at += 17 + total;
  }
}

/** Codes of up to 8 bits by look-up (length << 8 | value), longer ones by their canonical order. */
function huffman(counts: Uint8Array, values: Uint8Array): Table {
  const table: Table = { fast: new Uint16Array(256), max: new Int32Array(18).fill(-1), offset: new Int32Array(18), values };
  let code = 0;
  let k = 0;
  for (let length = 1; length <= 16; length++) {
    table.offset[length] = k - code;
    for (let i = 0; i < counts[length - 1]; i++, k++, code++)
      if (length <= 8) table.fast.fill((length << 8) | values[k], code << (8 - length), (code + 1) << (8 - length));
    if (counts[length - 1]) table.max[length] = code - 1;
    code <<= 1;
  }
  return table;
}

function readFrame(header: Header, s: Uint8Array, progressive: boolean): void {
  header.progressive = progressive;
  header.precision = s[0];
  header.rows = (s[1] << 8) | s[2];
  header.columns = (s[3] << 8) | s[4];
  if (!header.rows || !header.columns || header.rows * header.columns > 4e8) throw new Error('impossible size in the JPEG stream');
  const parts = Array.from({ length: s[5] }, (_, i) => ({ id: s[6 + 3 * i], h: s[7 + 3 * i] >> 4, v: s[7 + 3 * i] & 15, quant: s[8 + 3 * i] }));
  header.hMax = Math.max(...parts.map((p) => p.h));
  header.vMax = Math.max(...parts.map((p) => p.v));
  const mcusWide = Math.ceil(header.columns / 8 / header.hMax);
  const mcusHigh = Math.ceil(header.rows / 8 / header.vMax);
  header.components = parts.map((p) => ({
    ...p, blocksWide: Math.ceil((Math.ceil(header.columns / 8) * p.h) / header.hMax),
    blocksHigh: Math.ceil((Math.ceil(header.rows / 8) * p.v) / header.vMax),
    stride: mcusWide * p.h, coefficients: new Int16Array(64 * mcusWide * p.h * mcusHigh * p.v),
    dc: undefined as unknown as Table, ac: undefined as unknown as Table, previous: 0,
  }));
}

// ---- the entropy-coded scans

function readScan(header: Header, s: Uint8Array, bytes: Uint8Array, start: number): number {
  const components: Component[] = [];
  for (let i = 0; i < s[0]; i++) {
    const component = header.components.find((c) => c.id === s[1 + 2 * i]);
    if (!component) throw new Error('a scan of an unknown component');
    component.dc = header.dcTables[s[2 + 2 * i] >> 4];
    component.ac = header.acTables[s[2 + 2 * i] & 15];
    components.push(component);
  }
  const tail = 1 + 2 * s[0];
  return new Scan(header, components, bytes, start, s[tail], s[tail + 1], s[tail + 2] >> 4, s[tail + 2] & 15).read();
}

class Scan {
  private bits = 0;
  private have = 0;
  private endOfBand = 0;
  private ended = false;

  constructor(private header: Header, private parts: Component[], private bytes: Uint8Array, private at: number,
    private from: number, private to: number, private high: number, private low: number) {}

  /** Reads all blocks; returns where the next marker stands. */
  read(): number {
    const block = this.chooseBlock();
    const single = this.parts.length === 1;
    const [only] = this.parts;
    const { header } = this;
    const wide = single ? only.blocksWide : Math.ceil(header.columns / 8 / header.hMax);
    const high = single ? only.blocksHigh : Math.ceil(header.rows / 8 / header.vMax);
    for (let mcu = 0; mcu < wide * high; mcu++) {
      if (mcu && header.restart && mcu % header.restart === 0) this.restart();
      const row = Math.floor(mcu / wide);
      const column = mcu % wide;
      if (single) block.call(this, only, 64 * (row * only.stride + column));
      else for (const c of this.parts)
        for (let v = 0; v < c.v; v++)
          for (let h = 0; h < c.h; h++) block.call(this, c, 64 * ((row * c.v + v) * c.stride + column * c.h + h));
    }
    return this.nextMarker();
  }

  private chooseBlock(): (c: Component, at: number) => void {
    for (const c of this.parts) c.previous = 0;
    if (!this.header.progressive) return this.baseline;
    if (this.from === 0) return this.high === 0 ? this.dcFirst : this.dcRefine;
    return this.high === 0 ? this.acFirst : this.acRefine;
  }

  private restart(): void {
    this.at = this.nextMarker();
    if (this.bytes[this.at + 1] >= 0xd0 && this.bytes[this.at + 1] <= 0xd7) this.at += 2;
    this.have = this.endOfBand = 0;
    this.ended = false;
    for (const c of this.parts) c.previous = 0;
  }

  private nextMarker(): number {
    let at = this.at;
    while (at + 1 < this.bytes.length && !(this.bytes[at] === 0xff && this.bytes[at + 1] !== 0 && this.bytes[at + 1] !== 0xff)) at++;
    return at;
  }

  /** Keeps at least `n` bits (up to 16) in hand; after the end of the scan they are zero. */
  private fill(n: number): void {
    while (this.have < n) {
      let byte = 0;
      if (!this.ended) {
        byte = this.bytes[this.at];
        if (byte === undefined || (byte === 0xff && this.bytes[this.at + 1] !== 0)) { this.ended = true; byte = 0; }
        else this.at += byte === 0xff ? 2 : 1;
      }
      this.bits = ((this.bits << 8) | byte) & 0xffffff;
      this.have += 8;
    }
  }

  private take(n: number): number {
    if (!n) return 0;
    this.fill(n);
    this.have -= n;
    return (this.bits >> this.have) & ((1 << n) - 1);
  }

  /** A number of `n` bits in the sign convention of T.81 F.2.2.1. */
  private signed(n: number): number {
    const value = this.take(n);
    return n && value < 1 << (n - 1) ? value - (1 << n) + 1 : value;
  }

  private symbol(table: Table): number {
    this.fill(16);
    const hit = table.fast[(this.bits >> (this.have - 8)) & 255];
    if (hit) { this.have -= hit >> 8; return hit & 255; }
    for (let length = 9; length <= 16; length++) {
      const code = (this.bits >> (this.have - length)) & ((1 << length) - 1);
      if (code <= table.max[length]) { this.have -= length; return table.values[code + table.offset[length]]; }
    }
    throw new Error('broken Huffman code in the JPEG stream');
  }

  private baseline(c: Component, at: number): void {
    c.previous += this.signed(this.symbol(c.dc));
    c.coefficients[at] = c.previous;
    for (let k = 1; k < 64; k++) {
      const rs = this.symbol(c.ac);
      if (!(rs & 15)) { if (rs < 0xf0) return; k += 15; continue; }
      k += rs >> 4;
      c.coefficients[at + ZIGZAG[k & 63]] = this.signed(rs & 15);
    }
  }

  private dcFirst(c: Component, at: number): void {
    c.previous += this.signed(this.symbol(c.dc));
    c.coefficients[at] = c.previous << this.low;
  }

  private dcRefine(c: Component, at: number): void {
    c.coefficients[at] |= this.take(1) << this.low;
  }

  private acFirst(c: Component, at: number): void {
    if (this.endOfBand > 0) { this.endOfBand--; return; }
    for (let k = this.from; k <= this.to; k++) {
      const rs = this.symbol(c.ac);
      const run = rs >> 4;
      if (!(rs & 15)) {
        if (run < 15) { this.endOfBand = (1 << run) - 1 + this.take(run); return; }
        k += 15;
        continue;
      }
      k += run;
      c.coefficients[at + ZIGZAG[k & 63]] = this.signed(rs & 15) << this.low;
    }
  }

  private acRefine(c: Component, at: number): void {
    let k = this.from;
    while (this.endOfBand === 0 && k <= this.to) {
      const rs = this.symbol(c.ac);
      let run = rs >> 4;
      let value = 0;
      if (rs & 15) value = this.take(1) ? 1 << this.low : -1 << this.low;
      else if (run < 15) { this.endOfBand = (1 << run) + this.take(run); break; }
      for (; k <= this.to; k++) {
        const position = at + ZIGZAG[k];
        if (c.coefficients[position]) this.refine(c, position);
        else if (run-- === 0) { if (value) c.coefficients[position] = value; k++; break; }
      }
    }
    if (this.endOfBand === 0) return;
    for (; k <= this.to; k++) if (c.coefficients[at + ZIGZAG[k]]) this.refine(c, at + ZIGZAG[k]);
    this.endOfBand--;
  }

  private refine(c: Component, position: number): void {
    if (!this.take(1)) return;
    const value = c.coefficients[position];
    if (!(Math.abs(value) & (1 << this.low))) c.coefficients[position] += value > 0 ? 1 << this.low : -1 << this.low;
  }
}

// ---- from coefficients to samples

/** The samples of one component in its own size: `stride * 8` wide. */
function transform(c: Component, header: Header): Int16Array | Uint16Array {
  const width = c.stride * 8;
  const quant = header.quants[c.quant];
  if (!quant) throw new Error('no quantisation table');
  const top = (1 << header.precision) - 1;
  const middle = (top + 1) / 2;
  const out = new Uint16Array(width * c.blocksHigh * 8);
  const block = new Float32Array(64);
  for (let row = 0; row < c.blocksHigh; row++)
    for (let column = 0; column < c.blocksWide; column++) {
      const at = 64 * (row * c.stride + column);
      for (let i = 0; i < 64; i++) block[i] = c.coefficients[at + i] * quant[i];
      for (let i = 0; i < 8; i++) idct(block, i, 8);
      for (let i = 0; i < 64; i += 8) idct(block, i, 1);
      for (let i = 0; i < 64; i++) {
        const value = Math.round(block[i] + middle);
        out[(row * 8 + (i >> 3)) * width + column * 8 + (i & 7)] = value < 0 ? 0 : value > top ? top : value;
      }
    }
  return out;
}

/** One dimension of the inverse transform of Arai, Agui and Nakajima over eight values `step` apart. */
function idct(b: Float32Array, at: number, step: number): void {
  const i1 = at + step, i2 = i1 + step, i3 = i2 + step, i4 = i3 + step, i5 = i4 + step, i6 = i5 + step, i7 = i6 + step;
  const e10 = b[at] + b[i4], e11 = b[at] - b[i4];
  const e13 = b[i2] + b[i6], e12 = (b[i2] - b[i6]) * Math.SQRT2 - e13;
  const e0 = e10 + e13, e3 = e10 - e13, e1 = e11 + e12, e2 = e11 - e12;
  const z13 = b[i5] + b[i3], z10 = b[i5] - b[i3], z11 = b[i1] + b[i7], z12 = b[i1] - b[i7];
  const o7 = z11 + z13, o11 = (z11 - z13) * Math.SQRT2;
  const z5 = (z10 + z12) * 1.847759065;
  const o6 = z5 - z10 * 2.61312593 - o7, o5 = o11 - o6, o4 = z5 - z12 * 1.0823922 - o5;
  b[at] = e0 + o7; b[i7] = e0 - o7; b[i1] = e1 + o6; b[i6] = e1 - o6;
  b[i2] = e2 + o5; b[i5] = e2 - o5; b[i3] = e3 + o4; b[i4] = e3 - o4;
}

/** Brings a component to the size of the picture, linearly between the centres of its samples. */
function upsample(plane: Int16Array | Uint16Array, c: Component, header: Header): Uint16Array {
  const { rows, columns, hMax, vMax } = header;
  const width = c.stride * 8;
  const out = new Uint16Array(rows * columns);
  if (c.h === hMax && c.v === vMax) {
    for (let y = 0; y < rows; y++) out.set(plane.subarray(y * width, y * width + columns), y * columns);
    return out;
  }
  const across = steps(columns, c.h / hMax, Math.ceil((columns * c.h) / hMax));
  const down = steps(rows, c.v / vMax, Math.ceil((rows * c.v) / vMax));
  for (let y = 0, at = 0; y < rows; y++) {
    const upper = down.first[y] * width, lower = down.second[y] * width, fy = down.part[y];
    for (let x = 0; x < columns; x++, at++) {
      const a = across.first[x], b = across.second[x], fx = across.part[x];
      const top = plane[upper + a] + (plane[upper + b] - plane[upper + a]) * fx;
      const bottom = plane[lower + a] + (plane[lower + b] - plane[lower + a]) * fx;
      out[at] = top + (bottom - top) * fy + 0.5;
    }
  }
  return out;
}

function steps(length: number, scale: number, available: number) {
  const first = new Int32Array(length), second = new Int32Array(length), part = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const place = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), available - 1);
    first[i] = Math.floor(place);
    second[i] = Math.min(first[i] + 1, available - 1);
    part[i] = place - first[i];
  }
  return { first, second, part };
}

/** Interleaves the planes and undoes YCbCr where markers or the photometric interpretation say so. */
function assemble(header: Header, planes: Uint16Array[], photometric: string): Decoded {
  const { rows, columns, precision } = header;
  const n = planes.length;
  const data = precision > 8 ? new Uint16Array(rows * columns * n) : new Uint8ClampedArray(rows * columns * n);
  if (n === 3 && isYcc(header, photometric)) toRgb(data, planes, 1 << (precision - 1));
  else for (let s = 0; s < n; s++) for (let i = 0, at = s; i < planes[s].length; i++, at += n) data[at] = planes[s][i];
  const plain = data instanceof Uint8ClampedArray ? new Uint8Array(data.buffer) : data;
  return { data: plain, rows, columns, samples: n, rgb: true };
}

function isYcc(header: Header, photometric: string): boolean {
  if (header.adobe !== undefined) return header.adobe === 1;
  const ids = header.components.map((c) => c.id).join();
  if (ids === '82,71,66') return false; // "RGB"
  return header.jfif || photometric.startsWith('YBR');
}

function toRgb(data: Uint16Array | Uint8ClampedArray, [luma, blue, red]: Uint16Array[], middle: number): void {
  const top = 2 * middle - 1;
  const clip = (v: number) => (v < 0 ? 0 : v > top ? top : Math.round(v));
  for (let i = 0, at = 0; i < luma.length; i++) {
    const y = luma[i], cb = blue[i] - middle, cr = red[i] - middle;
    data[at++] = clip(y + 1.402 * cr);
    data[at++] = clip(y - 0.344136 * cb - 0.714136 * cr);
    data[at++] = clip(y + 1.772 * cb);
  }
}
