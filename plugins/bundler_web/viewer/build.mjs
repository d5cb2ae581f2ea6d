// Builds viewer/dist: classic scripts under upper-case 8.3 names that run from file:// (see README.md).
import { build } from 'esbuild';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OUT = 'dist';
const LIMIT = 250_000; // bytes of VIEWER.JS: it is read from slow media before anything is seen
const CODECS = { 'OPENJPEG.JS': 'openjpeg', 'CHARLS.JS': 'charls', 'JPEG.JS': 'jpeg', 'LOSSLESS.JS': 'lossless', 'OPENJPH.JS': 'openjph' };
const NOTICES = ['dicom-parser', 'dicom-character-set', 'fflate', 'jpeg-lossless-decoder-js',
  '@cornerstonejs/codec-openjpeg', '@cornerstonejs/codec-charls', '@cornerstonejs/codec-openjph'];

const common = { bundle: true, minify: true, format: 'iife', target: 'es2020', charset: 'ascii', write: false, legalComments: 'none',
  logLevel: 'warning', loader: { '.wasm': 'binary' } };

async function bundle(entry, extra = {}) {
  const result = await build({ ...common, entryPoints: [entry], ...extra });
  return result.outputFiles[0].text.trim();
}

// The glue of emscripten asks for Node's modules in branches that a browser never enters.
const nodeModules = { name: 'no-node', setup(b) {
  b.onResolve({ filter: /^(node:)?(fs|path|ws|crypto|module|url|worker_threads)$/ }, (a) => ({ path: a.path, namespace: 'empty' }));
  b.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {}' }));
} };

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
const viewer = await bundle('src/main.ts');
if (viewer.length > LIMIT) throw new Error(`VIEWER.JS has ${viewer.length} bytes, more than ${LIMIT}`);
writeFileSync(join(OUT, 'VIEWER.JS'), viewer + '\n');
writeFileSync(join(OUT, 'VIEWER.CSS'), (await build({ ...common, entryPoints: ['src/viewer.css'] })).outputFiles[0].text);
cpSync('src/index.htm', join(OUT, 'INDEX.HTM'));
for (const [file, name] of Object.entries(CODECS)) {
  const text = await bundle(`src/codecs/${name}.ts`, { plugins: [nodeModules], define: { 'import.meta.url': '""' } });
  // Wrapped in a function: the viewer makes a Blob worker of its text, or calls it where workers are forbidden.
  writeFileSync(join(OUT, file), `BURNISH.codec("${name}",function(){${text}\n});\n`);
}
writeFileSync(join(OUT, 'LICENSES.TXT'), notices());
for (const name of ['INDEX.HTM', 'VIEWER.CSS', 'VIEWER.JS', 'LICENSES.TXT', ...Object.keys(CODECS)])
  console.log(name.padEnd(14), String(statSync(join(OUT, name)).size).padStart(8));

/** The notice of every package whose code is in dist, from licenses/ (what is compiled into WebAssembly is named there too). */
function notices() {
  const parts = ['Third-party software in this viewer\n'];
  for (const name of NOTICES) {
    const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
    const text = readFileSync(`licenses/${name.split('/').pop()}.txt`, 'utf8').trim();
    parts.push(`${'='.repeat(72)}\n${name} ${version} (${license})\n${'='.repeat(72)}\n\n${text}\n`);
  }
  return parts.join('\n');
}
