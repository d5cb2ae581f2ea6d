// Transfer syntaxes (PS3.5 2024e annex A, PS3.6 table A-1) and what decodes them.
import type { CodecName } from '../codecs/client';

export type Way = 'native' | 'rle' | 'video' | CodecName;

const C = '1.2.840.10008.1.2';
const WAYS: Record<string, Way> = {
  [C]: 'native', [`${C}.1`]: 'native', [`${C}.2`]: 'native', [`${C}.1.99`]: 'native', [`${C}.5`]: 'rle',
  [`${C}.4.50`]: 'jpeg', [`${C}.4.51`]: 'jpeg', [`${C}.4.53`]: 'jpeg', [`${C}.4.55`]: 'jpeg', [`${C}.4.57`]: 'lossless', [`${C}.4.70`]: 'lossless',
  [`${C}.4.80`]: 'charls', [`${C}.4.81`]: 'charls',
  [`${C}.4.90`]: 'openjpeg', [`${C}.4.91`]: 'openjpeg', [`${C}.4.92`]: 'openjpeg', [`${C}.4.93`]: 'openjpeg',
  [`${C}.4.201`]: 'openjph', [`${C}.4.202`]: 'openjph', [`${C}.4.203`]: 'openjph',
};

/** 4.100 to 4.108: MPEG-2, MPEG-4 and HEVC. */
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/;

export const BIG_ENDIAN = `${C}.2`;

/** How frames of a transfer syntax are decoded; undefined where nothing here knows it. */
export function wayOf(syntax: string): Way | undefined {
  return VIDEO.test(syntax) ? 'video' : WAYS[syntax];
}
