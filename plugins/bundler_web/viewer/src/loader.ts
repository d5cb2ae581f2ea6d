// Loads scripts of the medium in the case in which it is mounted. ISO 9660 Level 1 names are upper case on the disc,
// but Linux shows them in lower case; file:// allows neither fetch nor modules, so classic <script> elements it is.
import type { Embedded, Volume } from './volume';

const own = (document.currentScript as HTMLScriptElement | null)?.src ?? location.href;
const base = own.slice(0, own.lastIndexOf('/') + 1);
let lower = /\/viewer\.js$/.test(own);

/** Paths come from data: only what burnish itself writes is ever made an address. */
const OURS = /^(DATA\/)?([A-Z0-9_]{1,8}\/){0,3}[A-Z0-9_]{1,8}\.JS$/i;

const cased = (name: string) => (lower ? name.toLowerCase() : name.toUpperCase());

function attempt(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const script = document.createElement('script');
    script.onload = () => { script.remove(); resolve(true); };
    script.onerror = () => { script.remove(); resolve(false); };
    script.src = url;
    document.head.append(script);
  });
}

/** Runs a script of the viewer's folder, e.g. `DATA/VOLUME.JS`; throws where it is not there in either case. */
export async function load(name: string): Promise<void> {
  if (!OURS.test(name)) throw new Error(name);
  if (await attempt(base + cased(name))) return;
  lower = !lower;
  if (await attempt(base + cased(name))) return;
  lower = !lower;
  throw new Error(name);
}

const arrived = new Map<number, Embedded>();
const underway = new Map<string, Promise<Embedded>>();
let volumeHere: Volume | undefined;

/** Called by DATA/VOLUME.JS. */
export function volume(value: Volume): void { volumeHere = value; }

/** Called by the scripts of instances. */
export function put(n: number, value: Embedded): void { arrived.set(n, value); }

/** The volume of this medium, or an empty one: the viewer then waits for a folder. */
export async function loadVolume(): Promise<Volume> {
  await load('DATA/VOLUME.JS').catch(() => undefined);
  return volumeHere ?? { patients: [] };
}

/** What the script of an instance puts. The caller keeps it; here it is forgotten. */
export function loadEmbedded(script: string, n: number): Promise<Embedded> {
  const known = underway.get(script);
  if (known) return known;
  const promise = (async () => {
    await load(script);
    const value = arrived.get(n);
    arrived.delete(n);
    if (!value) throw new Error(script);
    return value;
  })().finally(() => underway.delete(script));
  underway.set(script, promise);
  return promise;
}
