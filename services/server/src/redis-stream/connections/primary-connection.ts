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

/** Two connections that were opened together, and what they told last. */
interface ConnectionPair extends Readonly<Record<Side, ReconnectingConnection>> {
  readonly states: Record<Side, ConnectionState>;
  reported: ConnectionState['kind'] | 'nothing';
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
  readonly #ports: ReconnectingConnectionPorts;
  readonly #clockOffset: ClockOffset;
  readonly #report: (state: ConnectionState) => void;
  #pair: ConnectionPair | undefined;

  /** `report`: whether both connections are there; when it changes, never twice the same kind. */
  constructor({ ack, shards, ...ports }: PrimaryConnectionPorts, report: (state: ConnectionState) => void) {
    const { clock } = ports;
    this.shards = shards;
    this.#clock = clock;
    this.#ports = ports;
    this.#report = report;
    this.#clockOffset = new ClockOffset(clock);
    this.reader = new StreamReader(clock, shards.length);
    this.writer = new StreamWriter(clock, ack, () => reasonOf(this.#pair?.states.writer ?? notYet));
  }

  /** How far the clock of this Redis is ahead of ours, ms; 0 before it was reached. Read anew every 10 s. */
  get clockOffsetMs(): number {
    return this.#clockOffset.offsetMs;
  }

  /** Begins to connect, where it has not begun. */
  open(): void {
    if (this.#pair !== undefined) return;
    const recordAs = (side: Side) => (state: ConnectionState) => this.#recordState(pair, side, state);
    const pair: ConnectionPair = {
      writer: new ReconnectingConnection(this.#ports, this.#write, recordAs('writer')),
      reader: new ReconnectingConnection(this.#ports, this.#read, recordAs('reader')),
      states: { writer: notYet, reader: notYet },
      reported: 'nothing',
    };
    this.#pair = pair;
    pair.writer.open();
    pair.reader.open();
  }

  /** Lets go of both connections: what is under way becomes `unknown`, and nothing further is told. May be opened again. */
  async close(): Promise<void> {
    const pair = this.#pair === undefined ? [] : [this.#pair.writer, this.#pair.reader];
    this.#pair = undefined;
    const closed = pair.map(async line => await line.close());
    this.writer.close();
    await Promise.all(closed);
  }

  readonly #write = async (redis: Redis, { closed, up }: ConnectionEnds): Promise<never> => {
    await this.#clockOffset.measureFirst(redis);
    this.writer.attach(redis);
    up();
    let timer: Timer;
    const refreshLater = (): void => {
      timer = this.#clock.after(CLOCK_MS, () => {
        this.#clockOffset.refresh(redis).then(refreshLater, () => redis.disconnect());
      });
    };
    refreshLater();
    return await closed.finally(() => timer.cancel());
  };

  readonly #read = (redis: Redis, ends: ConnectionEnds): Promise<never> => this.reader.read(redis, ends);

  #recordState(pair: ConnectionPair, side: Side, state: ConnectionState): void {
    pair.states[side] = state;
    const { writer, reader } = pair.states;
    const both = writer.kind === 'up' ? reader : writer;
    // While the second one is still to come for the first time, nothing has gone down.
    const isComing = pair.reported === 'nothing' && both === notYet;
    if (this.#pair !== pair || pair.reported === both.kind || isComing) return;
    pair.reported = both.kind;
    this.#report(both);
  }
}

function reasonOf(state: ConnectionState): string {
  return state.kind === 'up' ? 'not ready yet' : state.reason;
}
