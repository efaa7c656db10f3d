/** The settings of a local fleet. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { root } from '../run.mjs';

/** Returns the settings for the programs: .env, overridden by the environment. A blank variable counts as not set. */
export function readSettings() {
  return Object.fromEntries(Object.entries(allSettings()).filter(([, value]) => value.trim() !== ''));
}

/**
 * Returns the public admin token for development, as Compose does, so that a user can administer the fleet at once. Returns none if
 * RANKD_ADMIN_TOKEN is set, even to an empty text. The server logs a warning about the public token.
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
    // Remove a byte order mark, as the programs do: parseEnv adds it to the first name.
    return parseEnv(readFileSync(join(root, '.env'), 'utf8').replace(/^\uFEFF/, ''));
  } catch {
    return {};
  }
}
