import type { IncomingMessage } from 'node:http';
import { eventually } from '@rankd/testkit';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

export interface ServerSentEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** An answer that goes on. */
export class Stream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  text = '';
  /** How it ended: in order, or broken off; undefined while it goes on. */
  end: 'complete' | 'broken' | undefined;
  readonly #response: IncomingMessage;
  readonly #messages: EventSourceMessage[] = [];
  #taken = 0;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    const parser = createParser({ onEvent: message => this.#messages.push(message) });
    response.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
      parser.feed(chunk);
    });
    response.on('error', () => undefined);
    response.on('close', () => {
      this.end = response.complete ? 'complete' : 'broken';
    });
  }

  /** The server-sent events that have come whole. */
  get events(): ServerSentEvent[] {
    return this.#messages.map(({ event = 'message', data }) => ({
      event,
      data: JSON.parse(data) as Record<string, unknown>,
    }));
  }

  /** Takes the next event, whatever it is. */
  async next(): Promise<ServerSentEvent> {
    const event = await eventually(2000, 'an event', () => this.events[this.#taken]);
    this.#taken += 1;
    return event;
  }

  async ended(deadlineMs = 3000): Promise<'complete' | 'broken'> {
    return await eventually(deadlineMs, 'the end of the stream', () => this.end);
  }

  /** Stops taking bytes from the operating system, as a hung process does. */
  pause(): void {
    this.#response.pause();
  }

  close(): void {
    this.#response.destroy();
  }
}
