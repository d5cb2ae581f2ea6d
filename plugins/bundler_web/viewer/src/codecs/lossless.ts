// JPEG lossless (process 14, any predictor) by jpeg-lossless-decoder-js.
import { Decoder } from 'jpeg-lossless-decoder-js';
import type { Samples } from './job';
import { serve } from './serve';

serve('lossless', ({ bytes, bits, signed }) => {
  const decoder = new Decoder(undefined, bits <= 8 ? 1 : 2);
  const view = decoder.decode(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
  const { dimY: rows, dimX: columns, numComp: samples } = decoder.frame;
  const length = rows * columns * samples;
  let data: Samples = bits <= 8 ? new Uint8Array(view.buffer, view.byteOffset, length) : new Uint16Array(view.buffer, view.byteOffset, length);
  if (signed) data = bits <= 8 ? new Int8Array(data) : new Int16Array(data);
  return { data: data.slice(), rows, columns, samples };
});
