// JPEG-LS, lossless and near-lossless, by CharLS.
import factory from '@cornerstonejs/codec-charls/decodewasmjs';
import wasmBinary from '@cornerstonejs/codec-charls/decodewasm';
import { serve } from './serve';
import { run } from './wrapped';

const module = factory({ wasmBinary, print: () => undefined, printErr: () => undefined });
serve('charls', async (job) => run(new (await module).JpegLSDecoder(), job));
