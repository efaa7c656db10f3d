import type { Dial } from '../node-load/dial.js';

/** A running server that is measured from this process. */
export interface Target {
  readonly dial: Dial;
  /** Where it is, for people. */
  readonly where: string;
  /** What else is in every hello: a group of its own, so that nobody is disturbed, and a token. */
  readonly hello: { readonly group: string; readonly token?: string };
}
