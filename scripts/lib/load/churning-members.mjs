import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { clearInterval, setInterval } from 'node:timers';

const ORDER_EVERY_MS = 1000;
const WAYS = ['leave', 'fin', 'reset'];

/** Many members in one process: they answer pings and commands, and some go and are replaced all the time. */
export class Herd {
  #port;
  #churnPerSecond;
  #members = new Set();
  #departures = 0;
  #deliveries = 0;
  #lost = [];
  #timers = [];

  constructor(port, churnPerSecond) {
    this.#port = port;
    this.#churnPerSecond = churnPerSecond;
  }

  async fill(count) {
    while (this.#members.size < count) await this.#join();
  }

  churn() {
    this.#timers = [
      setInterval(() => void this.#replaceOne(), 1000 / this.#churnPerSecond),
      setInterval(() => this.#order(), ORDER_EVERY_MS),
    ];
  }

  async disperse() {
    this.#timers.forEach(clearInterval);
    for (const member of this.#members) this.#goes(member, 'reset');
    return { lost: this.#lost, departures: this.#departures, deliveries: this.#deliveries };
  }

  /** Resolves once it is a member. */
  async #join() {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const member = { socket, rank: undefined, going: false };
    const say = message => {
      if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
    };
    await new Promise((resolve, reject) => {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#members.delete(member);
        if (!member.going) this.#lost.push(member.why ?? 'closed without a word');
        reject(new Error('closed before its welcome'));
      });
      const lines = createInterface({ input: socket });
      lines.on('error', () => undefined);
      lines.on('line', line => {
        const frame = JSON.parse(line);
        if (frame.type === 'welcome') resolve();
        this.#take(member, frame, say);
      });
      say({ type: 'hello' });
    });
    this.#members.add(member);
  }

  #take(member, frame, say) {
    if (frame.type === 'ping') say({ type: 'pong', n: frame.n });
    else if (frame.type === 'welcome' || frame.type === 'view') member.rank = frame.rank;
    else if (frame.type === 'bye') member.why = frame.code;
    else if (frame.type === 'command') {
      this.#deliveries += 1;
      say({ type: 'result', seq: frame.seq, status: 'done' });
    }
  }

  /** Any of them may go, the leader too. */
  async #replaceOne() {
    const going = [...this.#members][Math.floor(Math.random() * this.#members.size)];
    if (going === undefined) return;
    this.#goes(going, WAYS[this.#departures % WAYS.length]);
    this.#departures += 1;
    await this.#join().catch(() => undefined);
  }

  #goes(member, way) {
    member.going = true;
    this.#members.delete(member);
    const { socket } = member;
    if (way === 'leave') socket.end('{"type":"leave"}\n');
    else if (way === 'fin') socket.end();
    else socket.resetAndDestroy();
  }

  #order() {
    const leader = [...this.#members].find(({ rank }) => rank === 0);
    if (leader?.socket.writable !== true) return;
    leader.socket.write('{"type":"command","id":"soak","name":"work","args":"a word to everyone"}\n');
  }
}
