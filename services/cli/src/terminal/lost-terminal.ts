/** The end of rankctl after its terminal has disappeared. */

import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

const standardStreams = [0, 1, 2] as const;

/**
 * At the end of this process, replaces each standard stream whose terminal has disappeared with /dev/null. Node sets the modes of its
 * terminals again at the end. Before version 26 it aborts if that fails with EIO.
 */
export function releaseLostTerminals(): void {
  const terminals = standardStreams.filter(isatty);
  process.on('exit', () => {
    for (const fd of terminals.filter(fd => !isatty(fd))) {
      closeSync(fd);
      // The system returns the smallest free number, which is that of the closed stream.
      openSync('/dev/null', 'r+');
    }
  });
}
