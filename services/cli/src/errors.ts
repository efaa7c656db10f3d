/** Called in a way that makes no sense: exit 2. The sentence is for a person. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It was not done: exit 1. The sentence says why, and what to do. */
export class NotDone extends Error {
  override readonly name = 'NotDone';
  readonly code: string;

  constructor(code: string, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
