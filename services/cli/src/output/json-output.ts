/** Writes JSON that contains JSON text from the network or the command line. */

import { randomUUID } from 'node:crypto';
import { printable } from '@rankd/protocol';

/** A value that is JSON text already, as its sender wrote it. JSON.parse would round large numbers and lose the order of keys. */
export class RawJson {
  readonly text: string;

  /** @param text valid JSON text */
  constructor(text: string) {
    this.text = text;
  }
}

/** Returns the value of JSON text from the network. Undefined stays undefined. */
export function rawJson(text: string | undefined): RawJson | undefined {
  return text === undefined ? undefined : new RawJson(text);
}

/**
 * Returns JSON text as one line that cannot control a terminal, with the same value: each number as it was written. Line ends and tabs
 * occur in JSON text between tokens too, where an escape is not allowed, so they become spaces.
 */
export function printableJson(text: string): string {
  return printable(text.replaceAll(/[\t\r\n]/g, ' '));
}

/** Returns the value as one line of JSON. Each RawJson in it, at any depth, is inserted as its text. */
export function toJsonLine(value: unknown): string {
  const texts: string[] = [];
  // No text from the network can contain this mark.
  const mark = randomUUID();
  const json = JSON.stringify(value, (_key, part: unknown) =>
    part instanceof RawJson ? `${mark}:${texts.push(part.text) - 1}` : part,
  );
  const inserted =
    texts.length === 0
      ? json
      : json.replaceAll(new RegExp(`"${mark}:(\\d+)"`, 'g'), (_, at) => texts[Number(at)] ?? '');
  return printableJson(inserted);
}
