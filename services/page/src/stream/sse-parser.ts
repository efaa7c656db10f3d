/** Parses server-sent events. */

import { createParser } from 'eventsource-parser';

/** The limit of an incomplete event, characters. The roster of a hundred thousand members with long tags is shorter. */
export const EVENT_CHARS_MAX = 67_108_864;

/** An event is longer than EVENT_CHARS_MAX. */
export class TooLongError extends Error {
  constructor() {
    super(`an event is longer than ${EVENT_CHARS_MAX.toLocaleString('en')} characters`);
  }
}

/** A server-sent event: its name, and its data as text. */
export interface RawEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Returns a function that takes the next piece of a stream and returns the events that are now complete. A piece may end at any character.
 * The page reads streams with fetch, because EventSource cannot send a header and a URL must not contain a token. The function throws
 * TooLongError.
 */
export function sseParser(): (text: string) => RawEvent[] {
  const complete: RawEvent[] = [];
  let isTooLong = false;
  const parser = createParser({
    maxBufferSize: EVENT_CHARS_MAX,
    onEvent: ({ event = 'message', data }) => complete.push({ event, data }),
    onError: ({ type }) => (isTooLong ||= type === 'max-buffer-size-exceeded'),
  });
  return text => {
    parser.feed(text);
    if (isTooLong) throw new TooLongError();
    return complete.splice(0);
  };
}
