// From the bytes of a file to its data set: with or without preamble and file meta information, deflated or not.
import { parseDicom } from 'dicom-parser';
import { inflateSync } from 'fflate';
import { Item } from './item';
import { T } from './tags';

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const BIG = '1.2.840.10008.1.2.2';

export interface Parsed { item: Item; syntax: string; bytes: Uint8Array }

const inflater = (bytes: Uint8Array, position: number) => {
  const inflated = inflateSync(bytes.subarray(position));
  const whole = new Uint8Array(position + inflated.length);
  whole.set(bytes.subarray(0, position));
  whole.set(inflated, position);
  return whole;
};

/** Parses a whole file, or up to the pixel data where only the `headers` are wanted. Throws where it is not DICOM. */
export function parse(bytes: Uint8Array, headers = false): Parsed {
  const options = { inflater, ...(headers ? { untilTag: T.PixelData } : {}) } as object;
  const prefix = String.fromCharCode(...bytes.subarray(128, 132));
  let set;
  if (prefix === 'DICM') set = parseDicom(bytes, metaSyntax(bytes) ? options : { ...options, TransferSyntaxUID: EXPLICIT } as object);
  else set = parseDicom(bytes, { ...options, TransferSyntaxUID: guess(bytes) } as object);
  const syntax = set.string(T.TransferSyntaxUID)?.trim() || (prefix === 'DICM' ? EXPLICIT : guess(bytes));
  if (!Object.keys(set.elements).some((tag) => tag > 'x0003')) throw new Error('no data set');
  return { item: new Item(set), syntax, bytes: set.byteArray as Uint8Array };
}

/** Whether the file meta information names a transfer syntax: (0002,0010) explicit, UI. */
function metaSyntax(bytes: Uint8Array): boolean {
  for (let i = 132; i + 6 < Math.min(bytes.length, 1024); i++)
    if (bytes[i] === 2 && bytes[i + 1] === 0 && bytes[i + 2] === 0x10 && bytes[i + 3] === 0 && bytes[i + 4] === 0x55) return true;
  return false;
}

/** The syntax of a bare data set, from its first element: a group number that is small, a VR in capitals or not. */
function guess(bytes: Uint8Array): string {
  if (bytes[0] === 0 && bytes[1] > 0 && bytes[1] < 0x20) return BIG;
  const capitals = [bytes[4], bytes[5]].every((b) => b >= 65 && b <= 90);
  const group = bytes[0] | (bytes[1] << 8);
  if (group > 0x20 || group === 0) throw new Error('not a DICOM file');
  return capitals ? EXPLICIT : IMPLICIT;
}
