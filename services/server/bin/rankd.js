#!/usr/bin/env node
// The command `rankd`. This file is committed, so that `npm ci` can link it before the build.
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  console.error('rankd: rankd is not built: run npm run build');
  process.exitCode = 1;
}
