import { randomBytes } from 'node:crypto';
import { parseServerConfig } from '../../../src/config.js';
import { coreLimits } from '../../../src/core-limits.js';
import { Coordinator } from '../../../src/core/index.js';
import { Gateway } from '../../../src/gateway/gateway.js';
import type { ClusterPlace } from '../../../src/gateway/gateway-role.js';
import type { Accept, ConnectionListener } from '../../../src/gateway/transport/connection.js';
import { LocalLog } from '../../../src/log/local-log.js';
import type { OrderedLog } from '../../../src/log/ordered-log.js';
import type { ServerEvent } from '../../../src/server-event.js';
import { FakeClock } from './fake-clock.js';
import { FakeConnection } from './fake-connection.js';

export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The gateway and the clock of an in-memory peer. */
export interface PeerHost {
  readonly clock: FakeClock;
  readonly gateway: { readonly accept: Accept };
}

/**
 * A peer that is connected to a gateway without sockets. The gateway receives its frames at once; `frames` has what the
 * peer received.
 */
export class InMemoryPeer {
  readonly connection: FakeConnection;
  readonly #listener: ConnectionListener;
  readonly #host: PeerHost;
  readonly #unread: Buffer[] = [];

  constructor(host: PeerHost, connection: FakeConnection) {
    this.connection = connection;
    this.#host = host;
    this.#listener = host.gateway.accept(connection);
    connection.onResume = () => host.clock.soon(() => this.#deliverUnread());
  }

  send(...messages: readonly object[]): void {
    this.sendUnflushed(...messages);
    this.#host.clock.settle();
  }

  sendText(text: string): void {
    this.#unread.push(Buffer.from(text));
    this.#deliverUnread();
    this.#host.clock.settle();
  }

  /** Like `send`, but the server writes nothing before `clock.settle`. */
  sendUnflushed(...messages: readonly object[]): void {
    this.#unread.push(Buffer.from(messages.map(message => `${JSON.stringify(message)}\n`).join('')));
    this.#deliverUnread();
  }

  /** Delivers the sent bytes while the gateway reads. */
  #deliverUnread(): void {
    while (this.connection.reading === 'reading') {
      const bytes = this.#unread.shift();
      if (bytes === undefined) return;
      this.#listener.receiveBytes(bytes);
    }
  }

  close(by: 'peer' | 'us' = 'peer'): void {
    this.#listener.endClosed(by);
    this.#host.clock.settle();
  }

  /** Answers the last ping. */
  pong(): void {
    const ping = this.frames.findLast(({ type }) => type === 'ping');
    if (ping !== undefined) this.send({ type: 'pong', n: ping['n'] });
  }

  get frames(): Frame[] {
    const lines = this.connection.text.split('\n').filter(line => line !== '');
    return lines.map(line => JSON.parse(line) as Frame);
  }

  get lastFrame(): Frame | undefined {
    return this.frames.findLast(({ type }) => type !== 'ping');
  }
}

/** The whole gateway on the real core and a local log, with a manual clock and in-memory connections. */
export class GatewayFixture {
  readonly clock = new FakeClock();
  readonly gateway: Gateway;
  /** What the server logs and counts. */
  readonly events: ServerEvent[] = [];

  constructor(
    environment: Readonly<Record<string, string>> = {},
    logOf: (coordinator: Coordinator) => OrderedLog = coordinator => new LocalLog(coordinator),
    place?: ClusterPlace,
  ) {
    const config = parseServerConfig({ RANKD_ADMIN_TOKEN: 'admin', ...pulse, ...environment });
    this.gateway = new Gateway({
      config,
      clock: this.clock,
      log: logOf(new Coordinator(coreLimits(config))),
      randomBytes,
      serverName: 'stage',
      watch: event => this.events.push(event),
      overhear: () => undefined,
      publish: () => undefined,
      unpublish: () => undefined,
      publishSeat: () => undefined,
      ...(place === undefined ? {} : { place }),
    });
  }

  connect(connection = new FakeConnection()): InMemoryPeer {
    return new InMemoryPeer(this, connection);
  }

  join(hello: object = {}, connection?: FakeConnection): InMemoryPeer {
    const peer = this.connect(connection);
    peer.send({ type: 'hello', ...hello });
    return peer;
  }

  /** Advances the clock while `alive` answer their pings. */
  advance(ms: number, ...alive: readonly InMemoryPeer[]): void {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.pass(Math.min(10, left));
      for (const peer of alive) peer.pong();
    }
  }
}

const pulse = { RANKD_HEARTBEAT_MS: '100', RANKD_SUSPEND_MS: '400', RANKD_DEAD_MS: '600' };
