// The WebAssembly codecs of cornerstonejs share one shape: encoded bytes in, frame info, decoded bytes out.
import type { Decoded, Job, Samples } from './job';

interface FrameInfo { width: number; height: number; bitsPerSample: number; componentCount: number; isSigned?: boolean }

interface Wrapped {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): FrameInfo;
  decode(): void;
  getInterleaveMode?(): number;
  delete(): void;
}

/** Decodes one frame; the copy out of WebAssembly's memory is what the caller owns. */
export function run(decoder: Wrapped, job: Job): Decoded {
  try {
    decoder.getEncodedBuffer(job.bytes.length).set(job.bytes);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const bytes = decoder.getDecodedBuffer().slice();
    if (!info.width || !bytes.length) throw new Error('no frame');
    const planar = info.componentCount > 1 && decoder.getInterleaveMode?.() === 0;
    return { data: words(bytes, info, job), rows: info.height, columns: info.width, samples: info.componentCount, planar };
  } finally {
    decoder.delete();
  }
}

function words(bytes: Uint8Array, info: FrameInfo, job: Job): Samples {
  const signed = info.isSigned ?? job.signed;
  if (info.bitsPerSample <= 8) return signed ? new Int8Array(bytes.buffer) : bytes;
  return signed ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer);
}
