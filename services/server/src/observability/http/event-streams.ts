import type { ServerResponse } from 'node:http';
import { printable } from '@rankd/protocol';
import { repeat, type Clock, type Timer } from '../../clock.js';

/** What a watcher may leave unread before its stream is ended; it can come back and begin with the whole roster. */
export const BACKLOG_BYTES_MAX = 4_194_304;
/** A watched table is drawn anew at most this often. */
const REDRAW_MS = 250;
/** Says now and then that the stream lives, to whatever is between. */
const ALIVE_MS = 15_000;

/** What watches one group. */
interface Watch {
  readonly events: Set<ServerResponse>;
  /** Those of them that asked for the pulse too. */
  readonly activity: Set<ServerResponse>;
  readonly tables: Set<ServerResponse>;
  /** What has happened since the events were last written. */
  unwritten: string[];
  redraw: Timer | undefined;
}

/**
 * Who watches a group over HTTP, at most `streamsMax` of them. What happens is only noted when it is told: members hear of
 * it first, and however much comes at once, a stream gets one write.
 */
export class EventStreams {
  readonly #streamsMax: number;
  readonly #draw: (group: string) => string;
  readonly #watches = new Map<string, Watch>();
  readonly #clock: Clock;
  readonly #comments: Timer;
  #open = 0;

  /** `draw` makes a group's table. */
  constructor(streamsMax: number, clock: Clock, draw: (group: string) => string) {
    this.#streamsMax = streamsMax;
    this.#clock = clock;
    this.#draw = draw;
    this.#comments = repeat(clock, ALIVE_MS, () => this.#writeComment());
  }

  get isFull(): boolean {
    return this.#open >= this.#streamsMax;
  }

  /** The groups that somebody watches. */
  get groups(): Iterable<string> {
    return this.#watches.keys();
  }

  /**
   * Server-sent events of `group`, beginning with `roster`, which holds all that has been told, and with `pulse` where that is
   * asked for. The head has been written.
   */
  openEvents(response: ServerResponse, group: string, roster: unknown, pulse: unknown): void {
    if (response.destroyed) return;
    const watch = this.#openWatch(group);
    // What the roster holds already goes to those only who were there before.
    this.#writeEvents(watch);
    this.#addResponse(response, group, watch, watch.events);
    if (pulse !== undefined) watch.activity.add(response);
    response.write(`retry: 1000\n\n${frame('roster', roster)}${pulse === undefined ? '' : frame('pulse', pulse)}`);
  }

  /** The table of `group`, again whenever it has changed. */
  openTable(response: ServerResponse, group: string): void {
    if (response.destroyed) return;
    const watch = this.#openWatch(group);
    this.#addResponse(response, group, watch, watch.tables);
    response.write(this.#draw(group));
  }

  /** Something has happened in `group`; `data` is asked for where somebody watches. Returns at once. */
  publishEvent(group: string, event: 'view' | 'command' | 'refused' | 'outcome', data: () => unknown): void {
    const watch = this.#watches.get(group);
    if (watch === undefined) return;
    if (watch.events.size > 0) {
      if (watch.unwritten.length === 0) this.#clock.soon(() => this.#writeEvents(watch));
      watch.unwritten.push(frame(event, data()));
    }
    if (event !== 'view' || watch.tables.size === 0) return;
    watch.redraw ??= this.#clock.after(REDRAW_MS, () => {
      watch.redraw = undefined;
      writeAll(watch.tables, `\n${this.#draw(group)}`);
    });
  }

  /** Tells how each group is doing to those who asked for it. */
  publishActivity(report: (group: string) => unknown): void {
    for (const [group, watch] of this.#watches) {
      if (watch.activity.size === 0) continue;
      this.#writeEvents(watch);
      writeAll(watch.activity, frame('pulse', report(group)));
    }
  }

  close(): void {
    this.#comments.cancel();
    for (const watch of this.#watches.values()) {
      this.#writeEvents(watch);
      watch.redraw?.cancel();
      for (const response of [...watch.events, ...watch.tables]) response.end();
    }
    this.#watches.clear();
  }

  #openWatch(group: string): Watch {
    const watch = this.#watches.get(group) ?? {
      events: new Set(),
      activity: new Set(),
      tables: new Set(),
      unwritten: [],
      redraw: undefined,
    };
    this.#watches.set(group, watch);
    return watch;
  }

  #addResponse(response: ServerResponse, group: string, watch: Watch, among: Set<ServerResponse>): void {
    this.#open += 1;
    among.add(response);
    response.on('error', () => undefined);
    response.on('close', () => {
      this.#open -= 1;
      among.delete(response);
      watch.activity.delete(response);
      if (watch.events.size + watch.tables.size > 0 || this.#watches.get(group) !== watch) return;
      watch.redraw?.cancel();
      this.#watches.delete(group);
    });
  }

  #writeEvents(watch: Watch): void {
    const text = watch.unwritten.join('');
    watch.unwritten = [];
    if (text !== '') writeAll(watch.events, text);
  }

  #writeComment(): void {
    for (const { events } of this.#watches.values()) writeAll(events, ': here\n\n');
  }
}

function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${printable(JSON.stringify(data))}\n\n`;
}

/** The bytes are made once and shared by everyone who gets them. */
function writeAll(responses: ReadonlySet<ServerResponse>, text: string): void {
  const bytes = Buffer.from(text);
  for (const response of responses) {
    if (response.writableLength > BACKLOG_BYTES_MAX) response.destroy();
    else response.write(bytes);
  }
}
