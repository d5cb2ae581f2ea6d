// High-Throughput JPEG 2000 by OpenJPH.
import factory from '@cornerstonejs/codec-openjph';
import wasmBinary from '@cornerstonejs/codec-openjph/wasm';
import { serve } from './serve';
import { run } from './wrapped';

const module = factory({ wasmBinary, print: () => undefined, printErr: () => undefined });
serve('openjph', async (job) => run(new (await module).HTJ2KDecoder(), job));
