// JPEG 2000 (and HTJ2K, where OpenJPH fails) by OpenJPEG. Multi-component transforms are undone by the codec.
import factory from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import wasmBinary from '@cornerstonejs/codec-openjpeg/decodewasm';
import { serve } from './serve';
import { run } from './wrapped';

const module = factory({ wasmBinary, print: () => undefined, printErr: () => undefined });
serve('openjpeg', async (job) => run(new (await module).J2KDecoder(), job));
