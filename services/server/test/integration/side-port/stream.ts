import type { IncomingMessage } from 'node:http';
import { eventually } from '@rankd/testkit';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

export interface ServerSentEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A response that stays open. */
export class Stream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  text = '';
  /** How the response ended: complete or aborted; undefined while it is open. */
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

  /** The complete server-sent events so far. */
  get events(): ServerSentEvent[] {
    return this.#messages.map(({ event = 'message', data }) => ({
      event,
      data: JSON.parse(data) as Record<string, unknown>,
    }));
  }

  /** Takes the next event, of any type. */
  async next(): Promise<ServerSentEvent> {
    const event = await eventually(2000, 'an event', () => this.events[this.#taken]);
    this.#taken += 1;
    return event;
  }

  async ended(deadlineMs = 3000): Promise<'complete' | 'broken'> {
    return await eventually(deadlineMs, 'the end of the stream', () => this.end);
  }

  /** Stops reading from the operating system, like a hung process. */
  pause(): void {
    this.#response.pause();
  }

  close(): void {
    this.#response.destroy();
  }
}
