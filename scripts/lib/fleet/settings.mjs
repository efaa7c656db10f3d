import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { root } from '../run.mjs';

/** Returns the settings that the programs get: .env, overridden by the environment. A blank variable is not set. */
export function readSettings() {
  return Object.fromEntries(Object.entries(allSettings()).filter(([, value]) => value.trim() !== ''));
}

/**
 * Returns the admin token for development, as in Compose, so that a fleet can be administered at once. Returns nothing if an
 * admin token is set, even to an empty text. The server logs a warning that this token is public.
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
