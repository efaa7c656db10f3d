/** The streams of `GET /events`: what happens to the member, as server-sent events. */

import type { ServerResponse } from 'node:http';
import type { Membership, MembershipEvents } from '@rankd/client';
import { printable } from '@rankd/protocol';
import type { SelfReport } from '../self-report.js';
import { streamHeaders } from './answers.js';

/** How many streams are open at once. */
export const STREAMS_MAX = 16;
/** The unread bytes of one stream above which it is closed. A client that reconnects gets the whole state. */
export const BACKLOG_BYTES_MAX = 1_048_576;
/** How often a comment is written, ms, so that proxies do not close an idle stream. */
const ALIVE_MS = 15_000;

/** Returns the data of an event. */
type DataOf<E extends keyof MembershipEvents> = (...payload: MembershipEvents[E]) => unknown;

const unchanged = (payload: unknown): unknown => payload;
/** The events of a membership that a stream has. Errors and commands are reduced to what a program may read. */
const streamed: { readonly [E in keyof MembershipEvents]?: DataOf<E> } = {
  joined: unchanged,
  waiting: unchanged,
  rank: ({ rank, was, size, cause }) => ({ rank, was: was ?? null, size, cause }),
  size: unchanged,
  suspended: unchanged,
  acting: unchanged,
  disconnected: ({ error, retryInMs }) => ({ code: error.code, message: error.message, retryInMs: retryInMs ?? null }),
  executed: ({ command, status, error }) => ({
    ...{ name: command.name, seq: command.seq, from: command.from },
    ...{ status, error: error ?? null },
  }),
  closed: ({ error }) => (error === undefined ? {} : { code: error.code, message: error.message }),
};

/** Writes the events of one member to all streams. */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();
  readonly #readSelf: () => SelfReport;
  readonly #comments: NodeJS.Timeout;

  /** @param readSelf returns the state of the member at this moment */
  constructor(membership: Pick<Membership, 'on'>, readSelf: () => SelfReport) {
    this.#readSelf = readSelf;
    this.#comments = setInterval(() => this.#write(': here\n\n'), ALIVE_MS);
    this.#comments.unref();
    for (const event of Object.keys(streamed) as (keyof MembershipEvents)[]) this.#follow(membership, event);
  }

  /** Whether STREAMS_MAX streams are open. */
  get isFull(): boolean {
    return this.#open.size >= STREAMS_MAX;
  }

  /** Opens a stream. Its first event is `self`, the state of the member. Each later event is followed by `self`. */
  open(response: ServerResponse): void {
    this.#open.add(response);
    response.on('error', () => undefined);
    response.once('close', () => this.#open.delete(response));
    response.writeHead(200, streamHeaders);
    response.write(`retry: 1000\n\n${this.#selfEvent()}`);
  }

  /** Ends all streams. */
  close(): void {
    clearInterval(this.#comments);
    for (const response of this.#open) response.end();
  }

  #follow(membership: Pick<Membership, 'on'>, event: keyof MembershipEvents): void {
    const dataOf = streamed[event] as ((payload: unknown) => unknown) | undefined;
    const listener = (payload: unknown): void => {
      if (this.#open.size === 0 || dataOf === undefined) return;
      this.#write(`${formatEvent(event, dataOf(payload))}${this.#selfEvent()}`);
    };
    membership.on(event, listener);
  }

  #selfEvent(): string {
    return formatEvent('self', this.#readSelf());
  }

  #write(text: string): void {
    for (const response of this.#open) {
      if (response.writableLength > BACKLOG_BYTES_MAX) response.destroy();
      else response.write(text);
    }
  }
}

function formatEvent(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${printable(JSON.stringify(data))}\n\n`;
}
