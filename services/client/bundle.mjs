// Bundles the client program. tsc leaves out its entry point: it would write the same file.
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../startup/bundle-program.mjs';

await bundleProgram({
  folder: fileURLToPath(new URL('.', import.meta.url)),
  entry: 'src/main.ts',
  outfile: 'dist/main.js',
});
