import { RawPeer, type Frame } from '@rankd/testkit';
import type { Change, Testimony } from './history.js';

const POLL_MS = 150;

/**
 * An observer that repeatedly asks for every change of the roster. It reconnects to the same server or to the next one.
 * Where servers report different changes, it keeps all of them.
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

  /** Asks every server once more and stops. Returns what it has seen of each epoch. The fleet must be idle. */
  async stop(): Promise<Testimony[]> {
    this.#state = 'stopped';
    await this.#watching;
    return [...this.#epochs].map(([epoch, { changes, askedAtNs }]) => ({
      epoch,
      changes: [...changes.values()],
      askedAtNs,
    }));
  }

  /** The largest number of changes of this kind that it has seen in one epoch. */
  count(kind: string): number {
    const counts = [...this.#epochs.values()].map(
      ({ changes }) => [...changes.values()].filter(({ cause }) => cause.kind === kind).length,
    );
    return Math.max(0, ...counts);
  }

  async #watch(): Promise<void> {
    while (this.#state === 'watching') {
      await this.#session(this.#ports[this.#sessions % this.#ports.length] ?? 0).catch(() => undefined);
      this.#sessions += 1;
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
    for (const port of this.#ports) await this.#session(port).catch(() => undefined);
  }

  /** Asks until the connection ends or the observer is stopped. */
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
    const frames = peer.untakenFrames.filter(({ type, epoch }) => type === 'history' && epoch !== 0);
    for (let taken = peer.untakenFrames.length; taken > 0; taken -= 1) await peer.next();
    // One of several servers may lag behind another, unless the fleet is idle.
    for (const frame of frames) this.#note(frame, isLast || this.#ports.length === 1 ? askedAtNs : 0n);
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
