// Bundles the server, and copies the live page beside it. tsc leaves out its entry point: it would write the same file.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../startup/bundle-program.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
await bundleProgram({
  folder,
  entry: 'src/main.ts',
  outfile: 'dist/main.js',
});
cpSync(`${folder}../page/dist`, `${folder}dist/page`, {
  recursive: true,
  // The compiler writes types and its build record into the same directory.
  filter: path => !/\/types$|\.tsbuildinfo$/.test(path),
});
