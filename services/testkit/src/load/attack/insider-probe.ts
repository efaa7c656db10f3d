/** Measures how long a server takes to answer the pings or commands of members that do nothing else. */

import { RawPeer } from '../../network/raw-peer.js';

/** Together 400 pings a second. The server accepts 50 a second of each. */
const INSIDERS = 10;
const PING_MS = 25;
const WELCOME_MS = 10_000;
const LAST_RANK = INSIDERS - 1;

/** What the members of a probe send. The receipt of a command shows that it went through the log. */
export type InsiderRequest = 'pings' | 'commands';

/** Members in a group of their own that ping the server, or send commands that need no result. */
export class InsiderProbe {
  readonly #asks: InsiderRequest;
  readonly #peers: RawPeer[] = [];
  readonly #sentAtMs = new Map<number, number>();
  #latenciesMs: number[] = [];
  readonly #byes: string[] = [];
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(asks: InsiderRequest) {
    this.#asks = asks;
    this.#timer = setInterval(() => this.#ask(), PING_MS / INSIDERS);
  }

  /** Joins the members and starts to measure. */
  static async start(port: number, asks: InsiderRequest): Promise<InsiderProbe> {
    const probe = new InsiderProbe(asks);
    for (let index = 0; index < INSIDERS; index += 1) await probe.#join(port);
    return probe;
  }

  /** Returns the times since the last call, in ms, and forgets them. A request without answer counts with its time until now. */
  takeLatencies(): number[] {
    const nowMs = performance.now();
    const unanswered = [...this.#sentAtMs.values()].map(sentAtMs => nowMs - sentAtMs);
    const latenciesMs = [...this.#latenciesMs, ...unanswered];
    this.#latenciesMs = [];
    this.#sentAtMs.clear();
    return latenciesMs;
  }

  /** Why the server has ended sessions of the members: the code and the message of each. */
  get byes(): readonly string[] {
    return this.#byes;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const peer of this.#peers) peer.destroy();
  }

  async #join(port: number): Promise<void> {
    let welcomed: () => void = () => undefined;
    const welcome = new Promise<void>(resolve => (welcomed = resolve));
    const peer = await RawPeer.connect(port, {
      onFrame: ({ type, n, id, code, message }) => {
        if (type === 'welcome') welcomed();
        else if (type === 'pong') this.#recordAnswer(Number(n));
        else if (type === 'receipt') this.#recordAnswer(Number(id));
        else if (type === 'bye') this.#byes.push(`${String(code)}, ${String(message)}`);
      },
    });
    peer.send({ type: 'hello', group: 'inside' });
    await peer.time.within(WELCOME_MS, 'the welcome of an insider', welcome);
    this.#peers.push(peer);
  }

  #ask(): void {
    this.#sent += 1;
    const peer = this.#peers[this.#sent % INSIDERS];
    if (peer === undefined) return;
    this.#sentAtMs.set(this.#sent, performance.now());
    if (this.#asks === 'pings') peer.send({ type: 'ping', n: this.#sent });
    else peer.send({ type: 'command', id: `${this.#sent}`, name: 'ask', to: { ranks: [LAST_RANK] }, reply: 'none' });
  }

  #recordAnswer(n: number): void {
    const sentAtMs = this.#sentAtMs.get(n);
    if (sentAtMs === undefined) return;
    this.#sentAtMs.delete(n);
    this.#latenciesMs.push(performance.now() - sentAtMs);
  }
}
