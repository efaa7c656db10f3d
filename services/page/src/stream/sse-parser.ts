import { createParser } from 'eventsource-parser';

/** A server-sent event: its name, and its data as text. */
export interface RawEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Returns a function that takes the next piece of a stream, cut anywhere, and returns the events that are complete now. EventSource
 * cannot send a header, and a token has no place in a URL: so the page reads its streams with fetch.
 */
export function sseParser(): (text: string) => RawEvent[] {
  const complete: RawEvent[] = [];
  const parser = createParser({ onEvent: ({ event = 'message', data }) => complete.push({ event, data }) });
  return text => {
    parser.feed(text);
    return complete.splice(0);
  };
}
