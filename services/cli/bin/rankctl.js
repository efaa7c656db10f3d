#!/usr/bin/env node
// Committed, so that npm links the command at `npm ci`, before anything is built. A checkout has what the compiler makes, a
// package and an image one file with all that it needs.
import { existsSync } from 'node:fs';

const compiled = new URL('../dist/main.js', import.meta.url);
const bundled = new URL('../bundle/main.js', import.meta.url);
const program = [compiled, bundled].find(url => existsSync(url));
if (program === undefined) {
  console.error('rankctl: it is not built: run npm run build');
  process.exitCode = 1;
} else {
  await import(program.href);
}
