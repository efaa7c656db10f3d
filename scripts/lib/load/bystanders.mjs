import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { TOKENS } from './fuzz-corpus.mjs';

const GROUP = 'inside';
const OUTCOME_MS = 10_000;

/** Two members of a group of their own, one ordering the other on and on: what else happens is not to reach them. */
export class Undisturbed {
  #done = 0;
  #fault;
  #stopping = false;
  #finished;

  static async join(port) {
    const pair = new Undisturbed();
    const sender = await pair.#member(port, 0);
    const recipient = await pair.#member(port, 1);
    pair.#finished = pair.#order(sender, recipient);
    return pair;
  }

  get done() {
    return this.#done;
  }

  /** Throws where anything reached them that was not theirs. */
  check() {
    if (this.#fault !== undefined) throw this.#fault;
  }

  async stop() {
    this.#stopping = true;
    await this.#finished;
    this.check();
  }

  async #member(port, rank) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const say = frame => socket.write(`${JSON.stringify(frame)}\n`);
    const member = { socket, say, took: () => undefined };
    socket.on('error', error => this.#fail(error));
    const welcome = new Promise(resolve => (member.took = resolve));
    createInterface({ input: socket }).on('line', line => {
      const frame = JSON.parse(line);
      if (frame.type === 'ping') say({ type: 'pong', n: frame.n });
      else member.took(frame);
    });
    say({ type: 'hello', group: GROUP, token: TOKENS.token });
    if ((await welcome).rank !== rank) throw new Error(`rank ${rank} of the group ${GROUP} is taken`);
    return member;
  }

  async #order(sender, recipient) {
    recipient.took = frame => {
      if (frame.type === 'command') recipient.say({ type: 'result', seq: frame.seq, status: 'done' });
      else this.#fail(new Error(`the one below was told ${JSON.stringify(frame)}`));
    };
    while (!this.#stopping && this.#fault === undefined) await this.#once(sender);
    for (const { socket } of [sender, recipient]) socket.destroy();
  }

  async #once(sender) {
    const late = setTimeout(() => this.#fail(new Error(`no outcome within ${OUTCOME_MS} ms`)), OUTCOME_MS);
    const outcome = new Promise(resolve => {
      this.wake = resolve;
      sender.took = frame => {
        if (frame.type === 'outcome' && frame.done === 1) resolve();
        else if (frame.type !== 'receipt') this.#fail(new Error(`the one above was told ${JSON.stringify(frame)}`));
      };
    });
    sender.say({ type: 'command', id: 'on', name: 'go', to: 'below' });
    await outcome;
    clearTimeout(late);
    this.#done += 1;
  }

  #fail(error) {
    this.#fault ??= error;
    this.wake?.();
  }
}
