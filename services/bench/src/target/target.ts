/** The server that `rankctl bench` measures. */

import type { Dial } from '../node-load/dial.js';

/** A running server that is measured from this process. */
export interface Target {
  readonly dial: Dial;
  /** Its address, for people. */
  readonly where: string;
  /** Fields of every hello: a group of its own, so that no other group is affected, and a token. */
  readonly hello: { readonly group: string; readonly token?: string };
}
