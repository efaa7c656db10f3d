import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { root } from './run.mjs';

/** What the programs will see: .env, over it the environment; a blank variable is one that is not set. */
export function readSettings() {
  const all = Object.entries({ ...readDotenv(), ...process.env });
  return Object.fromEntries(all.filter(([, value]) => value.trim() !== ''));
}

function readDotenv() {
  try {
    return parseEnv(readFileSync(join(root, '.env'), 'utf8'));
  } catch {
    return {};
  }
}
