/** Reads a secret from the file that a variable names. */

import type { TSchema } from '@sinclair/typebox';
import { readSmallFile, whyUnreadable } from './readable-file.js';
import { faultOfText } from './value-faults.js';

/** The text of a setting, or a sentence that says why there is none. */
export type TextOrFault<T = string> =
  { readonly kind: 'text'; readonly text: T } | { readonly kind: 'fault'; readonly fault: string };

/**
 * Reads the secret in the file that `variable` names. Removes white space, line ends and a byte order mark at both ends of the content.
 * An empty file is a fault. The fault names the file and quotes nothing of its content.
 */
export function readSecretFile(variable: string, path: string, field: TSchema): TextOrFault {
  const faultOfPath = faultOfText(variable, path, { type: 'string' } as unknown as TSchema);
  if (faultOfPath !== undefined) return { kind: 'fault', fault: faultOfPath };
  let bytes: Buffer;
  try {
    bytes = readSmallFile(path);
  } catch (error) {
    const fault = `${variable} names a file that cannot be read: ${path} (${whyUnreadable(path, error)})`;
    return { kind: 'fault', fault };
  }
  const text = bytes.toString('utf8').trim();
  const fault =
    text === '' ? `${variable} names a file that is empty: ${path}` : faultOfContent(variable, path, text, field);
  return fault === undefined ? { kind: 'text', text } : { kind: 'fault', fault };
}

function faultOfContent(variable: string, path: string, text: string, field: TSchema): string | undefined {
  // Windows programs may write UTF-16: every second byte is zero.
  if (text.includes('\0')) return `${variable} names a file that is not text in UTF-8: ${path}. Save it as UTF-8`;
  return faultOfText(`${path}, which ${variable} names,`, text, field);
}
