// Where pictures and documents come from: the file, once the reader has chosen the medium, else the embedded copy.
// Decoded frames are kept in a bounded cache; so are parsed files and embedded scripts.
import { Cache, fromBase64 } from './bytes';
import { parse, Parsed } from './dicom/parse';
import { T } from './dicom/tags';
import { lookOf } from './dicom/look';
import { NotShown, pixelsOf } from './dicom/pixels';
import { embeddedPicture } from './image/embedded';
import { Picture, bytesOf } from './image/picture';
import { loadEmbedded } from './loader';
import { Medium } from './medium';
import type { Embedded, EmbeddedImage, Instance } from './volume';

const MB = 1 << 20;

/** Discs repeat their file names: a file of the right name and another identity is another patient's, and is not shown. */
function same(parsed: Parsed, instance: Instance): Parsed {
  const uid = parsed.item.uid(T.SOPInstanceUID);
  if (instance.uid && uid && uid !== instance.uid) throw new NotShown('errOther');
  return parsed;
}

/** Nothing is embedded and no medium chosen yet, or the chosen one lacks the file. */
export class Unreachable extends Error {
  constructor(readonly chosen: boolean) { super('unreachable'); }
}

export class Source {
  private pictures = new Cache<Picture>(256 * MB, bytesOf);
  private parsed = new Cache<Parsed>(160 * MB, (p) => p.bytes.byteLength);
  private scripts = new Cache<Embedded>(64 * MB, (e) => (e.kind === 'file' ? e.data.length : e.data.reduce((n, d) => n + d.length, 0)));
  private listed = new Map<Instance, number[]>();
  private keys = new Map<Instance, number>();
  medium?: Medium;

  choose(medium: Medium): void {
    this.medium = medium;
    this.pictures.clear();
    this.listed.clear();
  }

  fileOf(instance: Instance): File | undefined { return instance.file ? this.medium?.find(instance.file) : undefined; }

  /** Numbers of the frames that can be shown; known exactly once the embedded script has been read. */
  frames(instance: Instance): number[] {
    const known = this.fileOf(instance) ? undefined : this.listed.get(instance);
    return known ?? Array.from({ length: Math.max(1, instance.frames ?? 1) }, (_, i) => i + 1);
  }

  /** ms per frame, where the image says so. */
  async frameTime(instance: Instance): Promise<number | undefined> {
    if (this.fileOf(instance)) {
      const { item } = await this.document(instance);
      const rate = item.decimal(T.CineRate) ?? item.decimal(T.RecommendedDisplayFrameRate);
      return item.decimal(T.FrameTime) ?? (rate ? 1000 / rate : undefined);
    }
    const embedded = await this.embedded(instance);
    return embedded.kind === 'image' ? embedded.frameTime : undefined;
  }

  /** Whether the medium is the one the volume speaks of, judged by the first of its files. */
  async belongs(medium: Medium, instances: Instance[]): Promise<boolean> {
    const first = instances.find((i) => i.file && i.uid && medium.find(i.file));
    const file = first && medium.find(first.file!);
    if (!file) return true;
    return parse(new Uint8Array(await file.arrayBuffer()), true).item.uid(T.SOPInstanceUID) === first!.uid;
  }

  picture(instance: Instance, frame: number): Promise<Picture> {
    const from = this.fileOf(instance) ? 'f' : 'e';
    return this.pictures.get(`${from}${this.key(instance)}/${frame}`, () => this.make(instance, frame));
  }

  /** The parsed file of an instance, from the medium or embedded. */
  document(instance: Instance): Promise<Parsed> {
    return this.parsed.get(`${this.fileOf(instance) ? 'f' : 'e'}${this.key(instance)}`, async () => same(parse(await this.bytes(instance)), instance));
  }

  private async make(instance: Instance, frame: number): Promise<Picture> {
    if (!this.fileOf(instance) && instance.script) {
      const embedded = await this.embedded(instance);
      if (embedded.kind === 'image') return this.fromEmbedded(instance, embedded, frame);
    }
    const parsed = await this.document(instance);
    return { pixels: await pixelsOf(parsed, frame), look: lookOf(parsed.item, frame), source: 'file' };
  }

  private fromEmbedded(instance: Instance, embedded: EmbeddedImage, frame: number): Promise<Picture> {
    const frames = this.listed.get(instance) ?? [frame];
    const nearest = frames.reduce((best, f, i) => (Math.abs(f - frame) < Math.abs(frames[best] - frame) ? i : best), 0);
    return embeddedPicture(embedded, nearest);
  }

  private async embedded(instance: Instance): Promise<Embedded> {
    if (!instance.script || instance.n === undefined) throw new Unreachable(!!this.medium);
    const embedded = await this.scripts.get(instance.script, () => loadEmbedded(instance.script!, instance.n!));
    if (embedded.kind === 'image' && !this.listed.has(instance))
      this.listed.set(instance, embedded.frames?.length === embedded.data.length ? embedded.frames : embedded.data.map((_, i) => i + 1));
    return embedded;
  }

  private async bytes(instance: Instance): Promise<Uint8Array> {
    const file = this.fileOf(instance);
    if (file) return new Uint8Array(await file.arrayBuffer());
    const embedded = await this.embedded(instance);
    if (embedded.kind !== 'file') throw new Unreachable(!!this.medium);
    return fromBase64(embedded.data);
  }

  private key(instance: Instance): number {
    let key = this.keys.get(instance);
    if (key === undefined) this.keys.set(instance, (key = this.keys.size));
    return key;
  }
}
