/** The last line of the client container after an error. */

import { formatAttempts } from '../connection/attempt-summary.js';
import type { Logger } from '../logger.js';
import type { RankdError } from '../rankd-error.js';

/**
 * Keeps the library's line about an error that ends the membership, because the container logs that error itself, as fatal. Other lines
 * are passed on.
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

  /** Returns the sentence about the error, and after how many attempts and how long the container has given up. */
  format({ message, code }: RankdError): string {
    const gaveUp = this.#attempts > 1 ? `; gave up ${formatAttempts(this.#attempts, this.#sinceMs)}` : '';
    return `stopping: ${message} (${code})${gaveUp}`;
  }
}
