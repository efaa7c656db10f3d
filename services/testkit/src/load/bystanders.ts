/** Members in a group without load, which the load in other groups must not disturb. */

import { RawPeer, type Frame } from '../network/raw-peer.js';
import { TOKENS } from './fuzz-corpus.js';

const GROUP = 'inside';
const OUTCOME_MS = 10_000;

/**
 * Two members of a group without load. One sends commands to the other all the time. A test checks that load in other groups does not
 * disturb them.
 */
export class Bystanders {
  readonly #sender: RawPeer;
  readonly #recipient: RawPeer;
  #commandsDone = 0;
  #fault: Error | undefined;
  #isStopping = false;
  readonly #finished: Promise<void>;

  private constructor(sender: RawPeer, recipient: RawPeer) {
    this.#sender = sender;
    this.#recipient = recipient;
    this.#finished = this.#sendCommands();
  }

  /** Joins both members. */
  static async join(port: number): Promise<Bystanders> {
    return new Bystanders(await joinAt(port, 0), await joinAt(port, 1));
  }

  /** How many commands have an outcome. */
  get commandsDone(): number {
    return this.#commandsDone;
  }

  /** Throws if a member has received an unexpected frame, or no outcome in time. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /**
   * Stops sending commands and closes both members.
   * @throws Error as `check`
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#finished;
    this.check();
  }

  async #sendCommands(): Promise<void> {
    try {
      while (!this.#isStopping) await this.#sendCommand();
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#sender.destroy();
      this.#recipient.destroy();
    }
  }

  async #sendCommand(): Promise<void> {
    this.#sender.send({ type: 'command', id: 'on', name: 'go', to: 'below' });
    const command = await this.#recipient.next(undefined, OUTCOME_MS);
    if (command.type !== 'command') throw unexpected('recipient', command);
    this.#recipient.send({ type: 'result', seq: command['seq'], status: 'done' });
    const receipt = await this.#sender.next(undefined, OUTCOME_MS);
    if (receipt.type !== 'receipt') throw unexpected('sender', receipt);
    const outcome = await this.#sender.next(undefined, OUTCOME_MS);
    if (outcome.type !== 'outcome' || outcome['done'] !== 1) throw unexpected('sender', outcome);
    this.#commandsDone += 1;
    this.#sender.forgetTaken();
    this.#recipient.forgetTaken();
  }
}

async function joinAt(port: number, rank: number): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  peer.send({ type: 'hello', group: GROUP, token: TOKENS.token });
  const welcome = await peer.next('welcome', OUTCOME_MS);
  if (welcome['rank'] !== rank) throw new Error(`rank ${rank} of the group ${GROUP} is taken`);
  return peer;
}

function unexpected(role: string, frame: Frame): Error {
  return new Error(`the ${role} received ${JSON.stringify(frame)}`);
}
