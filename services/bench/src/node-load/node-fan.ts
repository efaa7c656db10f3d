/** A fan-out from Node: one sender and many receivers. */

import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dial } from './dial.js';
import { BenchError } from '../servers/child.js';
import type { WireDialect } from './wire-dialects.js';

/** Options of a fan-out. */
export interface FanOptions {
  readonly speech: WireDialect;
  readonly dial: Dial;
  readonly members: number;
  readonly payloadBytes: number;
  readonly inFlight: number;
}

const silenceMs = 3000;
const mark = '~'.charCodeAt(0);

/** One sender and its receivers in one Node process. */
export class NodeFan {
  /** The number of deliveries to all receivers. */
  deliveries = 0;

  readonly #options: FanOptions;
  readonly #sender: Duplex;
  readonly #receivers: Duplex[] = [];
  readonly #command: Buffer;
  #sent = 0;
  #isSending = false;

  private constructor(options: FanOptions, sender: Duplex) {
    this.#options = options;
    this.#sender = sender;
    this.#command = Buffer.from(options.speech.command(`~${'x'.repeat(options.payloadBytes - 1)}`), 'latin1');
  }

  /** Connects the sender, then the receivers. Resolves when the server has registered all of them. */
  static async join(options: FanOptions): Promise<NodeFan> {
    const { dial, speech } = options;
    const sender = await speak(dial, speech.senderHello, speech.senderReady);
    const fan = new NodeFan(options, sender);
    for (let joined = 0; joined < options.members; joined += 1) await fan.#joinReceiver();
    // The sender ignores its receipts.
    sender.resume();
    return fan;
  }

  /** Starts to send commands. */
  start(): void {
    this.#isSending = true;
    this.#send();
  }

  async runFor(ms: number): Promise<void> {
    await sleep(ms);
  }

  /** Stops sending and waits for the open commands. Returns how many deliveries are missing. */
  async finish(): Promise<number> {
    this.#isSending = false;
    const wanted = this.#sent * this.#options.members;
    let [before, lateMs] = [this.deliveries, performance.now() + silenceMs];
    while (this.deliveries < wanted && performance.now() < lateMs) {
      await sleep(10);
      if (this.deliveries > before) lateMs = performance.now() + silenceMs;
      before = this.deliveries;
    }
    return wanted - this.deliveries;
  }

  /** Closes every connection. */
  end(): void {
    for (const socket of [...this.#receivers, this.#sender]) socket.destroy();
  }

  async #joinReceiver(): Promise<void> {
    const { dial, speech } = this.#options;
    const receiver = await speak(dial, speech.hello, speech.ready);
    this.#receivers.push(receiver);
    receiver.on('data', (bytes: Buffer) => {
      for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) this.deliveries += 1;
      this.#send();
    });
  }

  #send(): void {
    if (!this.#isSending) return;
    const { members, inFlight } = this.#options;
    const missing = Math.floor(this.deliveries / members) + inFlight - this.#sent;
    if (missing < Math.max(1, inFlight / 8)) return;
    this.#sent += missing;
    this.#sender.write(Buffer.concat(Array.from({ length: missing }, () => this.#command)));
  }
}

/** Connects and sends the hello. Resolves when the server has answered it. */
async function speak(dial: Dial, hello: string, ready: string): Promise<Duplex> {
  const socket = await dial();
  socket.write(hello, 'latin1');
  await new Promise<void>((resolve, reject) => {
    let heard = '';
    const listen = (bytes: Buffer): void => {
      heard += bytes.toString('latin1');
      if (!heard.includes(ready)) return;
      socket.off('data', listen);
      resolve();
    };
    socket.on('data', listen);
    socket.once('close', () => reject(new BenchError('the server closed the connection')));
    socket.once('error', reject);
  });
  return socket;
}
