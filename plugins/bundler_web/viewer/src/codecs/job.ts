// What goes to a codec and comes back: the contract between the page and the workers.

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

export interface Job {
  /** One compressed frame. */
  bytes: Uint8Array;
  bits: number;
  signed: boolean;
  /** Photometric Interpretation: says what a JPEG without markers of its own means. */
  photometric: string;
}

export interface Decoded {
  data: Samples;
  rows: number;
  columns: number;
  samples: number;
  /** Three samples lie in three planes, not pixel by pixel. */
  planar?: boolean;
  /** The codec has already turned YBR into RGB (or it never was YBR). */
  rgb?: boolean;
}

export type Decode = (job: Job) => Promise<Decoded> | Decoded;
