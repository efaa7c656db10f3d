import { RawPeer, type Frame } from '@rankd/testkit';
import type { Change, Testimony } from './history.js';

const POLL_MS = 150;

/**
 * An observer that asks for every change of the roster, over and over, and comes back when the server does, or to the next
 * one. What servers tell differently is kept as often as it differs.
 */
export class HistoryObserver {
  readonly #ports: readonly number[];
  readonly #group: string;
  readonly #epochs = new Map<number, { readonly changes: Map<string, Change>; askedAtNs: bigint }>();
  #state: 'watching' | 'stopped' = 'watching';
  #watching: Promise<void> = Promise.resolve();
  #sessions = 0;

  constructor(ports: readonly number[], group: string) {
    this.#ports = ports;
    this.#group = group;
  }

  start(): void {
    this.#watching = this.#watch();
  }

  /** Asks every server once more, then goes; what it has seen of each epoch. Nothing is to happen meanwhile. */
  async stop(): Promise<Testimony[]> {
    this.#state = 'stopped';
    await this.#watching;
    return [...this.#epochs].map(([epoch, { changes, askedAtNs }]) => ({
      epoch,
      changes: [...changes.values()],
      askedAtNs,
    }));
  }

  async #watch(): Promise<void> {
    while (this.#state === 'watching') {
      await this.#session(this.#ports[this.#sessions % this.#ports.length] ?? 0).catch(() => undefined);
      this.#sessions += 1;
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
    for (const port of this.#ports) await this.#session(port).catch(() => undefined);
  }

  /** Until the connection is over, or the observer is stopped. */
  async #session(port: number): Promise<void> {
    const peer = await RawPeer.connect(port);
    peer.send({ type: 'hello', role: 'observer', group: this.#group });
    try {
      await peer.next('welcome');
      do {
        await this.#ask(peer);
        await new Promise(resolve => setTimeout(resolve, POLL_MS));
      } while (this.#state === 'watching');
    } finally {
      peer.destroy();
    }
  }

  async #ask(peer: RawPeer): Promise<void> {
    const isLast = this.#state === 'stopped';
    const askedAtNs = process.hrtime.bigint();
    peer.send({ type: 'history', limit: 1000 });
    await peer.barrier();
    const told = peer.untakenFrames.filter(({ type, epoch }) => type === 'history' && epoch !== 0);
    for (let taken = peer.untakenFrames.length; taken > 0; taken -= 1) await peer.next();
    // One of several servers may lag behind what was heard elsewhere, unless nothing happens.
    for (const frame of told) this.#note(frame, isLast || this.#ports.length === 1 ? askedAtNs : 0n);
  }

  #note(frame: Frame, askedAtNs: bigint): void {
    const epoch = Number(frame['epoch']);
    const known = this.#epochs.get(epoch) ?? { changes: new Map<string, Change>(), askedAtNs };
    for (const { seq, view, size, cause } of frame['changes'] as Change[]) {
      const { kind, member, name, reason } = cause;
      const change = { seq, view, size, cause: { kind, member, name, reason } };
      known.changes.set(JSON.stringify(change), change);
    }
    known.askedAtNs = askedAtNs;
    this.#epochs.set(epoch, known);
  }
}
