// Decodes frames in Blob workers. A codec's script is loaded when the first frame needs it and wraps the codec in a
// function: its text becomes the worker; where workers are forbidden the function runs on the page.
import { load } from '../loader';
import type { Decode, Decoded, Job } from './job';

export type CodecName = 'openjpeg' | 'charls' | 'jpeg' | 'lossless' | 'openjph';

const WORKERS = Math.min(3, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
const sources = new Map<string, () => void>();
const ready = new Map<CodecName, Promise<Decode>>();
export const decoders: Record<string, Decode> = {};

/** Called by the codec scripts. */
export function codec(name: string, source: () => void): void { sources.set(name, source); }

export async function decode(name: CodecName, job: Job): Promise<Decoded> {
  let decoder = ready.get(name);
  if (!decoder) {
    decoder = start(name);
    ready.set(name, decoder);
    decoder.catch(() => ready.delete(name));
  }
  return (await decoder)(job);
}

async function start(name: CodecName): Promise<Decode> {
  if (!sources.has(name)) await load(name.toUpperCase() + '.JS');
  const source = sources.get(name);
  if (!source) throw new Error(name);
  try {
    return pool(source);
  } catch {
    source();
    return decoders[name];
  }
}

/** Several workers of one codec; a frame goes to the least busy. */
function pool(source: () => void): Decode {
  const url = URL.createObjectURL(new Blob([`(${source})()`], { type: 'text/javascript' }));
  const hands = [hand(url)];
  return (job) => {
    let best = hands.reduce((a, b) => (b.load() < a.load() ? b : a));
    if (best.load() > 0 && hands.length < WORKERS) hands.push((best = hand(url)));
    return best.run(job);
  };
}

interface Answer { id: number; out?: Decoded; error?: string }

function hand(url: string) {
  const worker = new Worker(url);
  const waiting = new Map<number, { resolve: (d: Decoded) => void; reject: (e: Error) => void }>();
  let next = 0;
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.out) one?.resolve(data.out);
    else one?.reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    for (const one of waiting.values()) one.reject(new Error(event.message));
    waiting.clear();
  };
  return {
    load: () => waiting.size,
    run: (job: Job) => new Promise<Decoded>((resolve, reject) => {
      waiting.set(next, { resolve, reject });
      const bytes = job.bytes.slice(); // a view would drag its whole file along
      worker.postMessage({ id: next++, job: { ...job, bytes } }, [bytes.buffer]);
    }),
  };
}
