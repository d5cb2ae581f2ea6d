// A data set as the viewer reads it: values by tag, text through the Specific Character Set in force.
import { convertBytes } from 'dicom-character-set';
import type { DataSet, Element } from 'dicom-parser';
import { T } from './tags';

export class Item {
  constructor(readonly set: DataSet, private inherited = '') {}

  get charset(): string {
    const own = this.set.string(T.SpecificCharacterSet);
    return own ?? this.inherited;
  }

  has(tag: string): boolean { return (this.set.elements[tag]?.length ?? 0) > 0; }
  element(tag: string): Element | undefined { return this.set.elements[tag]; }

  bytes(tag: string): Uint8Array | undefined {
    const element = this.set.elements[tag];
    return element && this.set.byteArray.subarray(element.dataOffset, element.dataOffset + element.length) as Uint8Array;
  }

  /** The whole value as text, padding removed; "" where there is none. */
  text(tag: string, vr = 'LO'): string {
    const bytes = this.bytes(tag);
    return bytes?.length ? decodeText(this.charset, bytes, vr).replace(/[\0 ]+$/, '').trim() : '';
  }

  texts(tag: string): string[] {
    const text = this.text(tag);
    return text ? text.split('\\').map((part) => part.trim()) : [];
  }

  /** Values of DS and IS. */
  decimals(tag: string): number[] {
    const text = this.set.string(tag);
    return text ? text.split('\\').map((part) => Number.parseFloat(part)).filter((n) => !Number.isNaN(n)) : [];
  }

  decimal(tag: string): number | undefined { return this.decimals(tag)[0]; }
  uid(tag: string): string { return this.set.string(tag)?.trim() ?? ''; }

  /** Values of US and SS: which of both is for the caller to know where the VR is implicit. */
  shorts(tag: string, signed = false): number[] {
    const element = this.set.elements[tag];
    if (!element) return [];
    const read = signed && element.vr !== 'US' ? 'int16' : 'uint16';
    return Array.from({ length: element.length >> 1 }, (_, i) => this.set[read](tag, i) ?? 0);
  }

  short(tag: string): number | undefined { return this.shorts(tag)[0]; }
  double(tag: string): number | undefined { return this.has(tag) ? this.set.double(tag) : undefined; }

  items(tag: string): Item[] {
    return (this.set.elements[tag]?.items ?? []).flatMap((item) => (item.dataSet ? [new Item(item.dataSet, this.charset)] : []));
  }

  item(tag: string): Item | undefined { return this.items(tag)[0]; }
}

/** Bytes in a character set of PS3.3 C.12.1.1.2; a set nobody knows is read as Latin 1 rather than not at all. */
export function decodeText(charset: string, bytes: Uint8Array, vr: string): string {
  try {
    return convertBytes(charset || 'ISO_IR 6', bytes, { vr });
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}
