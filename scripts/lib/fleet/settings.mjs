import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { root } from '../run.mjs';

/** What the programs will see: .env, over it the environment; a blank variable is one that is not set. */
export function readSettings() {
  return Object.fromEntries(Object.entries(allSettings()).filter(([, value]) => value.trim() !== ''));
}

/**
 * The server's token for administration that Compose sets too, so that a fleet can be steered right away: only where none is set,
 * not even to nothing. The server says in its log that this one is everybody's.
 */
export function developmentToken() {
  const { RANKD_ADMIN_TOKEN, RANKD_ADMIN_TOKEN_FILE } = allSettings();
  const isSet = RANKD_ADMIN_TOKEN !== undefined || RANKD_ADMIN_TOKEN_FILE !== undefined;
  return isSet ? {} : { RANKD_ADMIN_TOKEN: 'rankd-development' };
}

function allSettings() {
  return { ...readDotenv(), ...process.env };
}

function readDotenv() {
  try {
    return parseEnv(readFileSync(join(root, '.env'), 'utf8'));
  } catch {
    return {};
  }
}
