// What a frame is once decoded: its pixels, and how they are to be looked at.
import type { Samples } from '../codecs/job';

export interface Grey { kind: 'grey'; rows: number; columns: number; data: Samples; low: number; high: number }
export interface Colour { kind: 'colour'; rows: number; columns: number; data: Uint8ClampedArray }
export type Pixels = Grey | Colour;

export interface VoiWindow { centre: number; width: number; name: string }

/** A look-up table of the standard: values below `first` map to the first entry, above the last to the last. */
export interface Table { first: number; entries: Uint16Array | Uint8Array; bits: number; name: string }

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** How stored values become what is seen: modality transform, windows, spacing, directions. */
export interface Look {
  slope: number;
  intercept: number;
  unit: string;
  modality?: Table;
  windows: VoiWindow[];
  tables: Table[];
  fn: VoiFunction;
  /** MONOCHROME1 or an inverse presentation LUT shape: the lowest value is white. */
  invert: boolean;
  /** Stored values from..to that are no image and stay black. */
  padding?: [number, number];
  /** mm between rows, between columns. */
  spacing?: [number, number];
  spacingKind: 'patient' | 'detector' | '';
  /** Height of a pixel over its width where no spacing says it. */
  aspect: number;
  /** Letters at the right and at the bottom edge, e.g. ["L", "P"]. */
  orientation?: [string, string];
  lossy: boolean;
}

export interface Picture {
  pixels: Pixels;
  look: Look;
  source: 'embedded' | 'file';
  /** Rows and columns of the original where less is embedded. */
  original?: [number, number];
}

export const bytesOf = (picture: Picture) => picture.pixels.data.byteLength;

export function grey(data: Samples, rows: number, columns: number): Grey {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (!Number.isFinite(low)) low = high = 0;
  return { kind: 'grey', rows, columns, data, low, high };
}

export const plainLook = (): Look => ({ slope: 1, intercept: 0, unit: '', windows: [], tables: [], fn: 'LINEAR', invert: false,
  spacingKind: '', aspect: 1, lossy: false });
