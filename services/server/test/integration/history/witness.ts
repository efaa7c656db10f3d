import { RawPeer, type Frame } from '@rankd/testkit';
import type { Change, Testimony } from './history.js';

const POLL_MS = 150;

/** An observer that asks for every change of the roster, over and over, and comes back when the server does. */
export class Witness {
  readonly #port: number;
  readonly #group: string;
  readonly #epochs = new Map<number, { readonly changes: Map<number, Change>; askedAtNs: bigint }>();
  #state: 'watching' | 'dismissed' = 'watching';
  #watching: Promise<void> = Promise.resolve();

  constructor(port: number, group: string) {
    this.#port = port;
    this.#group = group;
  }

  begin(): void {
    this.#watching = this.#watch();
  }

  /** Asks once more, then goes; what it has seen of each epoch. */
  async dismiss(): Promise<Testimony[]> {
    this.#state = 'dismissed';
    await this.#watching;
    return [...this.#epochs].map(([epoch, { changes, askedAtNs }]) => ({
      epoch,
      changes: [...changes.values()],
      askedAtNs,
    }));
  }

  async #watch(): Promise<void> {
    for (;;) {
      const isLast = this.#state === 'dismissed';
      await this.#session(isLast).catch(() => undefined);
      if (isLast) return;
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
  }

  /** Until the connection is over, or once where it `isLast`. */
  async #session(isLast: boolean): Promise<void> {
    const peer = await RawPeer.connect(this.#port);
    peer.send({ type: 'hello', role: 'observer', group: this.#group });
    try {
      await peer.next('welcome');
      do {
        await this.#ask(peer);
        await new Promise(resolve => setTimeout(resolve, POLL_MS));
      } while (this.#state === 'watching' && !isLast);
    } finally {
      peer.destroy();
    }
  }

  async #ask(peer: RawPeer): Promise<void> {
    const before = epochOf(peer);
    const askedAtNs = process.hrtime.bigint();
    peer.send({ type: 'history', limit: 1000 });
    await peer.barrier();
    const told = peer.rest.filter(({ type }) => type === 'history').flatMap(frame => frame['changes'] as Change[]);
    for (let taken = peer.rest.length; taken > 0; taken -= 1) await peer.next();
    // Which epoch the answer is of, it does not say.
    if (epochOf(peer) !== before || told.length === 0) return;
    const known = this.#epochs.get(before) ?? { changes: new Map<number, Change>(), askedAtNs };
    for (const change of told) known.changes.set(change.seq, change);
    known.askedAtNs = askedAtNs;
    this.#epochs.set(before, known);
  }
}

function epochOf(peer: RawPeer): number {
  return Number(peer.frames.findLast((frame: Frame) => frame['epoch'] !== undefined)?.['epoch']);
}
