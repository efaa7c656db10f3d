/** The two connections to one primary of Redis: one for writes, one for blocking reads. */

import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../../clock.js';
import { ClockOffset } from '../clock-offset.js';
import { StreamReader } from '../reading/stream-reader.js';
import type { ConnectionState, StreamSettings } from '../settings.js';
import { StreamWriter } from '../writing/stream-writer.js';
import {
  type ConnectionSignals,
  ReconnectingConnection,
  type ReconnectingConnectionPorts,
} from './reconnecting-connection.js';

/** How often the clock of Redis is measured. A failed measurement also shows that the connection for writes is dead. */
const CLOCK_MS = 10_000;

const notYet: ConnectionState = { kind: 'down', reason: 'not connected yet' };

type Side = 'writer' | 'reader';

/** Two connections that were opened together, and the last state of each. */
interface ConnectionPair extends Readonly<Record<Side, ReconnectingConnection>> {
  readonly states: Record<Side, ConnectionState>;
  reported: ConnectionState['kind'] | 'nothing';
}

/** The functions and values that a PrimaryConnection gets from its owner. */
export interface PrimaryConnectionPorts extends ReconnectingConnectionPorts {
  readonly ack: StreamSettings['ack'];
  /** The shards whose keys this primary has. */
  readonly shards: readonly number[];
}

/** The two connections to one primary. Each is opened again when it is lost. */
export class PrimaryConnection {
  readonly shards: readonly number[];
  readonly writer: StreamWriter;
  readonly reader: StreamReader;
  readonly #clock: Clock;
  readonly #ports: ReconnectingConnectionPorts;
  readonly #clockOffset: ClockOffset;
  readonly #report: (state: ConnectionState) => void;
  #pair: ConnectionPair | undefined;

  /** `report` is called when the combined state of both connections changes. */
  constructor({ ack, shards, ...ports }: PrimaryConnectionPorts, report: (state: ConnectionState) => void) {
    const { clock } = ports;
    this.shards = shards;
    this.#clock = clock;
    this.#ports = ports;
    this.#report = report;
    this.#clockOffset = new ClockOffset(clock);
    this.reader = new StreamReader(clock, shards.length);
    this.writer = new StreamWriter(clock, ack, () => disconnectReason(this.#pair?.states.writer ?? notYet));
  }

  /** See ClockOffset. Undefined before it is connected. Measured every CLOCK_MS. */
  get clockOffsetMs(): number | undefined {
    return this.#clockOffset.offsetMs;
  }

  /** Starts to connect. Does nothing if it has started before. */
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

  /** Closes both connections. Appends in flight resolve with `unknown`. `report` is not called until the next open(). */
  async close(): Promise<void> {
    const pair = this.#pair === undefined ? [] : [this.#pair.writer, this.#pair.reader];
    this.#pair = undefined;
    const closed = pair.map(async line => await line.close());
    this.writer.close();
    await Promise.all(closed);
  }

  readonly #write = async (redis: Redis, { closed, reportUp }: ConnectionSignals): Promise<never> => {
    await this.#clockOffset.measure(redis);
    this.writer.attachConnection(redis);
    reportUp();
    let timer: Timer;
    const refreshLater = (): void => {
      timer = this.#clock.after(CLOCK_MS, () => {
        this.#clockOffset.refresh(redis).then(refreshLater, () => redis.disconnect());
      });
    };
    refreshLater();
    return await closed.finally(() => timer.cancel());
  };

  readonly #read = (redis: Redis, signals: ConnectionSignals): Promise<never> =>
    this.reader.readUntilClosed(redis, signals);

  #recordState(pair: ConnectionPair, side: Side, state: ConnectionState): void {
    pair.states[side] = state;
    const { writer, reader } = pair.states;
    const both = writer.kind === 'up' ? reader : writer;
    // Before the first connections are open, do not report them as down.
    const isConnecting = pair.reported === 'nothing' && both === notYet;
    if (this.#pair !== pair || pair.reported === both.kind || isConnecting) return;
    pair.reported = both.kind;
    this.#report(both);
  }
}

function disconnectReason(state: ConnectionState): string {
  return state.kind === 'up' ? 'not ready yet' : state.reason;
}
