/** The open streams of the side port: event streams, and rank tables that are redrawn after each change. */

import type { ServerResponse } from 'node:http';
import { printable } from '@rankd/protocol';
import { repeat, type Clock, type Timer } from '../../clock.js';

/** The limit of unread bytes of one stream. Above it, the stream is closed. When the client reconnects, it gets the whole roster. */
export const BACKLOG_BYTES_MAX = 4_194_304;
/** The shortest time between two versions of a table, ms. */
const REDRAW_MS = 250;
/** How often a comment is written, so that proxies do not close an idle stream. */
const ALIVE_MS = 15_000;

/** The open streams of one group. */
interface GroupStreams {
  readonly events: Set<ServerResponse>;
  /** The streams of `events` that also receive activity reports, because of the query parameter `pulse`. */
  readonly activity: Set<ServerResponse>;
  readonly tables: Set<ServerResponse>;
  /** The events that wait for the next write. */
  unwritten: string[];
  redraw: Timer | undefined;
}

/**
 * The open HTTP streams of all groups, at most `streamsMax`. Published events are queued and written together after the present round of
 * the event loop, so that members receive their frames first.
 */
export class EventStreams {
  /** The limit of open streams (RANKD_HTTP_STREAMS_MAX). */
  readonly streamsMax: number;
  readonly #renderTable: (group: string) => string;
  readonly #groupStreams = new Map<string, GroupStreams>();
  readonly #clock: Clock;
  readonly #comments: Timer;
  /** The open streams. A stream of several groups counts once. */
  readonly #open = new Set<ServerResponse>();

  /** `draw` returns the rank table of a group as text. */
  constructor(streamsMax: number, clock: Clock, draw: (group: string) => string) {
    this.streamsMax = streamsMax;
    this.#clock = clock;
    this.#renderTable = draw;
    this.#comments = repeat(clock, ALIVE_MS, () => this.#writeComment());
  }

  /** Whether the limit of streams is reached. */
  get isFull(): boolean {
    return this.#open.size >= this.streamsMax;
  }

  /** The groups with an open stream. */
  get watchedGroups(): Iterable<string> {
    return this.#groupStreams.keys();
  }

  /**
   * Streams the server-sent events of a group. The first event is `roster`, which includes all changes published so far. The second one is
   * `pulse`, if it is defined. The caller must have written the HTTP head. Called once for each group of the stream.
   */
  openEventStream(response: ServerResponse, group: string, roster: unknown, pulse: unknown): void {
    if (response.destroyed) return;
    const watch = this.#findOrCreateStreams(group);
    // Write the queued events first, to the streams that are open already. The new stream's roster includes them.
    this.#writeEvents(watch);
    this.#addResponse(response, watch.events);
    if (pulse !== undefined) watch.activity.add(response);
    response.write(
      `retry: 1000\n\n${formatEvent('roster', roster)}${pulse === undefined ? '' : formatEvent('pulse', pulse)}`,
    );
  }

  /** Streams the rank table of a group, and a new version after each change. */
  openTableStream(response: ServerResponse, group: string): void {
    if (response.destroyed) return;
    const watch = this.#findOrCreateStreams(group);
    this.#addResponse(response, watch.tables);
    response.write(this.#renderTable(group));
  }

  /** Publishes an event of a group. Calls `data` only if a stream of the group is open. Does not wait for the write. */
  publishEvent(group: string, event: 'view' | 'command' | 'refused' | 'outcome', data: () => unknown): void {
    const watch = this.#groupStreams.get(group);
    if (watch === undefined) return;
    if (watch.events.size > 0) {
      if (watch.unwritten.length === 0) this.#clock.soon(() => this.#writeEvents(watch));
      watch.unwritten.push(formatEvent(event, data()));
    }
    if (event !== 'view' || watch.tables.size === 0) return;
    watch.redraw ??= this.#clock.after(REDRAW_MS, () => {
      watch.redraw = undefined;
      writeAll(watch.tables, `\n${this.#renderTable(group)}`);
    });
  }

  /** Writes the report of its group to each stream that receives activity reports. */
  publishActivity(report: (group: string) => unknown): void {
    for (const [group, watch] of this.#groupStreams) {
      if (watch.activity.size === 0) continue;
      this.#writeEvents(watch);
      writeAll(watch.activity, formatEvent('pulse', report(group)));
    }
  }

  /** Writes the queued events and ends all streams. */
  close(): void {
    this.#comments.cancel();
    for (const watch of this.#groupStreams.values()) {
      this.#writeEvents(watch);
      watch.redraw?.cancel();
      for (const response of [...watch.events, ...watch.tables]) response.end();
    }
    this.#groupStreams.clear();
  }

  #findOrCreateStreams(group: string): GroupStreams {
    const watch = this.#groupStreams.get(group) ?? {
      events: new Set(),
      activity: new Set(),
      tables: new Set(),
      unwritten: [],
      redraw: undefined,
    };
    this.#groupStreams.set(group, watch);
    return watch;
  }

  #addResponse(response: ServerResponse, among: Set<ServerResponse>): void {
    among.add(response);
    if (this.#open.has(response)) return;
    this.#open.add(response);
    response.on('error', () => undefined);
    response.on('close', () => this.#removeResponse(response));
  }

  #removeResponse(response: ServerResponse): void {
    this.#open.delete(response);
    for (const [group, watch] of this.#groupStreams) {
      for (const responses of [watch.events, watch.activity, watch.tables]) responses.delete(response);
      if (watch.events.size + watch.tables.size > 0) continue;
      watch.redraw?.cancel();
      this.#groupStreams.delete(group);
    }
  }

  #writeEvents(watch: GroupStreams): void {
    const text = watch.unwritten.join('');
    watch.unwritten = [];
    if (text !== '') writeAll(watch.events, text);
  }

  #writeComment(): void {
    for (const { events } of this.#groupStreams.values()) writeAll(events, ': here\n\n');
  }
}

function formatEvent(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${printable(JSON.stringify(data))}\n\n`;
}

/** Writes `text` to all responses, which share the encoded bytes. Destroys those past BACKLOG_BYTES_MAX. */
function writeAll(responses: ReadonlySet<ServerResponse>, text: string): void {
  const bytes = Buffer.from(text);
  for (const response of responses) {
    if (response.writableLength > BACKLOG_BYTES_MAX) response.destroy();
    else response.write(bytes);
  }
}
