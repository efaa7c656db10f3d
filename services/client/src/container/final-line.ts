/** The last line of the client container after an error. */

import { formatAttempts } from '../connection/attempt-summary.js';
import type { Logger } from '../logger.js';
import type { RankdError } from '../rankd-error.js';

/**
 * Drops the library's line about the error that ends the membership, because the container logs this error itself, as fatal. Passes all
 * other lines on.
 */
export class FinalLine {
  /** The logger for the library. */
  readonly logger: Logger;
  #attempts = 0;
  #sinceMs = 0;

  constructor(logger: Logger) {
    this.logger = {
      debug: (fields, message) => logger.debug(fields, message),
      info: (fields, message) => logger.info(fields, message),
      error: (fields, message) => logger.error(fields, message),
      warn: (fields, message) => {
        if (fields['event'] !== 'disconnected' || fields['retryInMs'] !== undefined) logger.warn(fields, message);
        else this.#keep(fields);
      },
    };
  }

  #keep({ attempts, sinceMs }: Readonly<Record<string, unknown>>): void {
    this.#attempts = Number(attempts);
    this.#sinceMs = Number(sinceMs);
  }

  /** Returns the fatal line: the error, and the number and the duration of the attempts. */
  format({ message, code }: RankdError): string {
    const gaveUp = this.#attempts > 1 ? `; gave up ${formatAttempts(this.#attempts, this.#sinceMs)}` : '';
    return `stopping: ${message} (${code})${gaveUp}`;
  }
}
