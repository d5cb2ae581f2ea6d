// The end of a codec script: answers messages in a worker, or hands the function to the page where workers are forbidden.
import type { Decode, Job } from './job';

interface Scope {
  onmessage: ((event: MessageEvent<{ id: number; job: Job }>) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

export function serve(name: string, decode: Decode): void {
  if (typeof document !== 'undefined') {
    (globalThis as unknown as { BURNISH: { decoders: Record<string, Decode> } }).BURNISH.decoders[name] = decode;
    return;
  }
  const scope = globalThis as unknown as Scope;
  scope.onmessage = async ({ data: { id, job } }) => {
    try {
      const out = await decode(job);
      scope.postMessage({ id, out }, [out.data.buffer as ArrayBuffer]);
    } catch (error) {
      scope.postMessage({ id, error: String(error) });
    }
  };
}
