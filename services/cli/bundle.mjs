// Bundles rankctl for the npm package and the image.
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../startup/bundle-program.mjs';

await bundleProgram({
  folder: fileURLToPath(new URL('.', import.meta.url)),
  entry: 'dist/main.js',
  outfile: 'bundle/main.js',
});
