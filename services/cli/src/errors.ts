/** The errors that end rankctl with a sentence. */

/** The arguments or the settings are invalid: exit code 2. The message is for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The verb was not done: exit code 1. The message says why, and what to do. */
export class NotDone extends Error {
  override readonly name = 'NotDone';
  readonly code: string;

  constructor(code: string, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
