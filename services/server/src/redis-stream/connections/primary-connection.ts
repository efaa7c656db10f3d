import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../../clock.js';
import {
  ReconnectingConnection,
  type ConnectionEnds,
  type ReconnectingConnectionPorts,
} from './reconnecting-connection.js';
import { ClockOffset } from '../clock-offset.js';
import { StreamReader } from '../reading/stream-reader.js';
import type { ConnectionState, StreamSettings } from '../settings.js';
import { StreamWriter } from '../writing/stream-writer.js';

/** How often the clock of Redis is read; that the writing connection is alive shows by it too. */
const CLOCK_MS = 10_000;

const notYet: ConnectionState = { kind: 'down', reason: 'not connected yet' };

type Side = 'writer' | 'reader';

/** Two lines that were opened together, and what they told last. */
interface Lines extends Readonly<Record<Side, ReconnectingConnection>> {
  readonly states: Record<Side, ConnectionState>;
  told: ConnectionState['kind'] | 'nothing';
}

export interface PrimaryConnectionPorts extends ReconnectingConnectionPorts {
  readonly ack: StreamSettings['ack'];
  /** Those whose keys are at its primary. */
  readonly shards: readonly number[];
}

/** The way to one primary, over two connections: one that writes and one that reads. */
export class PrimaryConnection {
  readonly shards: readonly number[];
  readonly writer: StreamWriter;
  readonly reader: StreamReader;
  readonly #clock: Clock;
  readonly #means: ReconnectingConnectionPorts;
  readonly #time: ClockOffset;
  readonly #told: (state: ConnectionState) => void;
  #lines: Lines | undefined;

  /** `told`: whether both connections are there; when it changes, never twice the same kind. */
  constructor({ ack, shards, ...means }: PrimaryConnectionPorts, told: (state: ConnectionState) => void) {
    const { clock } = means;
    this.shards = shards;
    this.#clock = clock;
    this.#means = means;
    this.#told = told;
    this.#time = new ClockOffset(clock);
    this.reader = new StreamReader(clock, shards.length);
    this.writer = new StreamWriter(clock, ack, () => reasonOf(this.#lines?.states.writer ?? notYet));
  }

  /** How far the clock of this Redis is ahead of ours, ms; 0 before it was reached. Read anew every 10 s. */
  get clockOffsetMs(): number {
    return this.#time.offsetMs;
  }

  /** Begins to connect, where it has not begun. */
  open(): void {
    if (this.#lines !== undefined) return;
    const tell = (side: Side) => (state: ConnectionState) => this.#tell(lines, side, state);
    const lines: Lines = {
      writer: new ReconnectingConnection(this.#means, this.#write, tell('writer')),
      reader: new ReconnectingConnection(this.#means, this.#read, tell('reader')),
      states: { writer: notYet, reader: notYet },
      told: 'nothing',
    };
    this.#lines = lines;
    lines.writer.open();
    lines.reader.open();
  }

  /** Lets go of both connections: what is under way becomes `unknown`, and nothing further is told. May be opened again. */
  async close(): Promise<void> {
    const lines = this.#lines === undefined ? [] : [this.#lines.writer, this.#lines.reader];
    this.#lines = undefined;
    const closed = lines.map(async line => await line.close());
    this.writer.close();
    await Promise.all(closed);
  }

  readonly #write = async (redis: Redis, { closed, up }: ConnectionEnds): Promise<never> => {
    await this.#time.begin(redis);
    this.writer.take(redis);
    up();
    let timer: Timer;
    const refreshLater = (): void => {
      timer = this.#clock.after(CLOCK_MS, () => {
        this.#time.refresh(redis).then(refreshLater, () => redis.disconnect());
      });
    };
    refreshLater();
    return await closed.finally(() => timer.cancel());
  };

  readonly #read = (redis: Redis, ends: ConnectionEnds): Promise<never> => this.reader.read(redis, ends);

  #tell(lines: Lines, side: Side, state: ConnectionState): void {
    lines.states[side] = state;
    const { writer, reader } = lines.states;
    const both = writer.kind === 'up' ? reader : writer;
    // While the second one is still to come for the first time, nothing has gone down.
    const isComing = lines.told === 'nothing' && both === notYet;
    if (this.#lines !== lines || lines.told === both.kind || isComing) return;
    lines.told = both.kind;
    this.#told(both);
  }
}

function reasonOf(state: ConnectionState): string {
  return state.kind === 'up' ? 'not ready yet' : state.reason;
}
