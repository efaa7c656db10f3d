/** Reads and checks the files for TLS. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { whyUnreadable } from './variables/readable-file.js';

/** The settings that name the files, in server and client (docs/configuration.md). Each is a path. */
export interface TlsSettings {
  readonly RANKD_TLS_CERT?: string;
  readonly RANKD_TLS_KEY?: string;
  readonly RANKD_TLS_CA?: string;
}

/** The contents of the files, as PEM. */
export interface TlsFiles {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

/**
 * Reads the files. Each call reads them from disk, so that renewed files are used.
 * @throws Error if a file cannot be read or used. The message names the variable. It never quotes the content of a file.
 */
export function readTlsFiles(settings: TlsSettings): TlsFiles {
  const files: TlsFiles = {
    ...read('cert', 'RANKD_TLS_CERT', settings),
    ...read('key', 'RANKD_TLS_KEY', settings),
    ...read('ca', 'RANKD_TLS_CA', settings),
  };
  if (files.ca !== undefined) attempt('RANKD_TLS_CA', () => new X509Certificate(files.ca ?? ''));
  attempt('RANKD_TLS_CERT and RANKD_TLS_KEY', () => createSecureContext(files));
  return files;
}

/** Returns the faults of the settings for TLS. A certificate needs its key. */
export function faultsOfTls(settings: TlsSettings): string[] {
  if ((settings.RANKD_TLS_CERT === undefined) !== (settings.RANKD_TLS_KEY === undefined)) {
    return ['RANKD_TLS_CERT and RANKD_TLS_KEY belong together: set both or neither'];
  }
  try {
    readTlsFiles(settings);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function read(field: keyof TlsFiles, variable: keyof TlsSettings, settings: TlsSettings): TlsFiles {
  const path = settings[variable];
  if (path === undefined) return {};
  try {
    return { [field]: readFileSync(path, 'utf8') };
  } catch (error) {
    const why = whyUnreadable(path, error);
    throw new Error(`${variable} names a file that cannot be read: ${path} (${why})`, { cause: error });
  }
}

function attempt(variables: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    // The error of OpenSSL does not name the file, so this message names the variables.
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${variables} cannot be used: ${code ?? message}`, { cause: error });
  }
}
