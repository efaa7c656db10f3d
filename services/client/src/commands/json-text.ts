/** Payloads that are JSON text already. */

import type { Json } from '@rankd/protocol';

/** A payload that is JSON text already. The library sends the text itself, so numbers keep all their digits and keys their order. */
export class JsonText {
  readonly json: string;

  /** @param json valid JSON text */
  constructor(json: string) {
    this.json = json;
  }
}

/** Returns valid JSON text as arguments for `Membership.command`, which sends the text unchanged. */
export function argsFromText(json: string): Json {
  return new JsonText(json) as unknown as Json;
}
