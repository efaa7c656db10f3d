import { readFileSync } from 'node:fs';
import type { Recording } from '../history.js';

/** The records of all files; those of each file stay in their order. A last line that kill -9 cut off is omitted. */
export function readRecordings(paths: readonly string[]): Recording[] {
  return paths.flatMap(path => {
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    return lines.map(line => {
      const raw = JSON.parse(line) as Omit<Recording, 'atNs'> & { readonly atNs: string };
      return { ...raw, atNs: BigInt(raw.atNs) } as Recording;
    });
  });
}
