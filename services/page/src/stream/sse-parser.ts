/** Parses server-sent events. */

import { createParser } from 'eventsource-parser';

/** A server-sent event: its name, and its data as text. */
export interface RawEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Returns a function that receives the next piece of a stream, cut anywhere, and returns the events that are complete. The page
 * reads streams with fetch, because EventSource cannot send a header and a URL must not contain a token.
 */
export function sseParser(): (text: string) => RawEvent[] {
  const complete: RawEvent[] = [];
  const parser = createParser({ onEvent: ({ event = 'message', data }) => complete.push({ event, data }) });
  return text => {
    parser.feed(text);
    return complete.splice(0);
  };
}
