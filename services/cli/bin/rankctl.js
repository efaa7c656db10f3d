#!/usr/bin/env node
// Committed, so that npm links the command at `npm ci`, before anything is built. What it runs is one file with all that it
// needs, in a checkout as in a package and an image: it starts five times faster than from its modules.
import { existsSync } from 'node:fs';

const program = new URL('../bundle/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  console.error('rankctl: it is not built: run npm run build');
  process.exitCode = 1;
}
