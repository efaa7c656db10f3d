/** RANKD_STATE_DIR: the directory in which a server keeps which cluster it has served. */

import { accessSync, constants, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { ServerConfig } from '../config.js';
import type { ServedState, ServedStateStore } from '../cluster/founding/served-state.js';
import { encodeServedState, readServedState, stateFilePath } from './served-state-file.js';

/** Returns the faults of RANKD_STATE_DIR: the directory cannot be used, or its file cannot. */
export function faultsOfStateDirectory(directory: string, prefix: string): string[] {
  try {
    if (!statSync(directory).isDirectory()) return [`RANKD_STATE_DIR ${directory} is not a directory: create one`];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const advice =
      code === 'ENOENT' ? 'create it, writable for the user of the server' : 'correct its owner or its mode';
    const fault = code === 'ENOENT' ? 'does not exist' : `cannot be opened (${code ?? message})`;
    return [`RANKD_STATE_DIR ${directory} ${fault}: ${advice}`];
  }
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [`RANKD_STATE_DIR ${directory} is not writable (${code ?? message}): correct its owner or its mode`];
  }
  try {
    readServedState(directory, prefix);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Keeps the ServedState of one server in a file of RANKD_STATE_DIR. A write replaces the file atomically. */
export class StateDirectory implements ServedStateStore {
  readonly #directory: string;
  readonly #prefix: string;

  /** `prefix` is RANKD_REDIS_PREFIX. */
  constructor(directory: string, prefix: string) {
    this.#directory = directory;
    this.#prefix = prefix;
  }

  read(): ServedState | undefined {
    return readServedState(this.#directory, this.#prefix);
  }

  async write(state: ServedState): Promise<void> {
    const path = stateFilePath(this.#directory);
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      await rm(temporary, { force: true });
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(encodeServedState(state, this.#prefix));
        // The file is on the disk before it replaces the earlier one, so that a power loss leaves one of the two.
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(
        `RANKD_STATE_DIR: ${path} cannot be written (${code ?? message}): free space or correct its mode`,
        {
          cause: error,
        },
      );
    }
  }
}

/** Returns the store of RANKD_STATE_DIR, or undefined if it is not set. */
export function openStateDirectory(
  config: Pick<ServerConfig, 'RANKD_STATE_DIR' | 'RANKD_REDIS_PREFIX'>,
): StateDirectory | undefined {
  const { RANKD_STATE_DIR: directory, RANKD_REDIS_PREFIX: prefix } = config;
  return directory === undefined ? undefined : new StateDirectory(directory, prefix);
}
