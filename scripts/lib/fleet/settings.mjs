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
 * Returns the admin token for development, as Compose does, so that a user can administer the fleet at once. Returns none if an
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
    // parseEnv takes a byte order mark as part of the first name. The programs ignore it.
    return parseEnv(readFileSync(join(root, '.env'), 'utf8').replace(/^\uFEFF/, ''));
  } catch {
    return {};
  }
}
