import { randomBytes } from 'node:crypto';
import { parseServerConfig } from '../../../src/config.js';
import { coreLimits } from '../../../src/core-limits.js';
import { Coordinator } from '../../../src/core/index.js';
import { Gateway } from '../../../src/gateway/gateway.js';
import type { Accept, ConnectionListener } from '../../../src/gateway/transport/connection.js';
import { LocalLog } from '../../../src/log/local-log.js';
import type { OrderedLog } from '../../../src/log/ordered-log.js';
import { FakeClock } from './fake-clock.js';
import { FakeConnection } from './fake-connection.js';

export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What a peer in memory connects to. */
export interface PeerStage {
  readonly clock: FakeClock;
  readonly gateway: { readonly accept: Accept };
}

/** A peer at a gateway without sockets: what it says arrives at once, what it is told stands in `frames`. */
export class FakePeer {
  readonly connection: FakeConnection;
  readonly #listener: ConnectionListener;
  readonly #stage: PeerStage;
  readonly #unread: Buffer[] = [];

  constructor(stage: PeerStage, connection: FakeConnection) {
    this.connection = connection;
    this.#stage = stage;
    this.#listener = stage.gateway.accept(connection);
    connection.resumed = () => stage.clock.soon(() => this.#arrive());
  }

  say(...messages: readonly object[]): void {
    this.sayWithin(...messages);
    this.#stage.clock.settle();
  }

  sayText(text: string): void {
    this.#unread.push(Buffer.from(text));
    this.#arrive();
    this.#stage.clock.settle();
  }

  /** The turn goes on: nothing is written before `clock.settle`. */
  sayWithin(...messages: readonly object[]): void {
    this.#unread.push(Buffer.from(messages.map(message => `${JSON.stringify(message)}\n`).join('')));
    this.#arrive();
  }

  /** What it has said arrives while it is read from. */
  #arrive(): void {
    while (this.connection.reading === 'reading') {
      const bytes = this.#unread.shift();
      if (bytes === undefined) return;
      this.#listener.receiveBytes(bytes);
    }
  }

  close(by: 'peer' | 'us' = 'peer'): void {
    this.#listener.endClosed(by);
    this.#stage.clock.settle();
  }

  /** Answers the last ping. */
  pong(): void {
    const ping = this.frames.findLast(({ type }) => type === 'ping');
    if (ping !== undefined) this.say({ type: 'pong', n: ping['n'] });
  }

  get frames(): Frame[] {
    const lines = this.connection.text.split('\n').filter(line => line !== '');
    return lines.map(line => JSON.parse(line) as Frame);
  }

  get last(): Frame | undefined {
    return this.frames.findLast(({ type }) => type !== 'ping');
  }
}

/** The whole gateway over the real core and a local log, with a clock and connections of the test's own. */
export class GatewayStage {
  readonly clock = new FakeClock();
  readonly gateway: Gateway;

  constructor(
    environment: Readonly<Record<string, string>> = {},
    logOf: (coordinator: Coordinator) => OrderedLog = coordinator => new LocalLog(coordinator),
  ) {
    const config = parseServerConfig({ RANKD_ADMIN_TOKEN: 'admin', ...pulse, ...environment });
    this.gateway = new Gateway({
      config,
      clock: this.clock,
      log: logOf(new Coordinator(coreLimits(config))),
      randomBytes,
      serverName: 'stage',
      watch: () => undefined,
      overhear: () => undefined,
      publish: () => undefined,
      unpublish: () => undefined,
      publishSeat: () => undefined,
    });
  }

  connect(connection = new FakeConnection()): FakePeer {
    return new FakePeer(this, connection);
  }

  join(hello: object = {}, connection?: FakeConnection): FakePeer {
    const peer = this.connect(connection);
    peer.say({ type: 'hello', ...hello });
    return peer;
  }

  /** Time passes while these answer their pings. */
  pass(ms: number, ...alive: readonly FakePeer[]): void {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.pass(Math.min(10, left));
      for (const peer of alive) peer.pong();
    }
  }
}

const pulse = { RANKD_HEARTBEAT_MS: '100', RANKD_SUSPEND_MS: '400', RANKD_DEAD_MS: '600' };
