// A proxy between a member and the server. It passes every frame on, and can send forged frames to the member. TLS prevents this: use
// rankds://.
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** The proxy. It serves one member. */
export class ManInTheMiddle {
  #server;
  #member;
  /** The largest seq that the member has received. */
  #seq = 0;
  #answered = () => undefined;

  /** Accepts one member's connection on a free port, and connects it to `url`. */
  static async before(url) {
    const man = new ManInTheMiddle();
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== 'rankd:') throw new Error('the man in the middle works only with plain TCP: use a rankd:// URL');
    man.#server = createServer(member => man.#sit(member, connect(Number(port), hostname)));
    await new Promise(resolve => man.#server.listen(0, '127.0.0.1', resolve));
    return man;
  }

  get url() {
    return `rankd://127.0.0.1:${this.#server.address().port}`;
  }

  /** Forges a command to the member. Resolves with the member's result, which the proxy does not send to the server. */
  async forge(name, from) {
    const frame = { type: 'command', seq: this.#seq + 1, view: 1, from, name, deadlineMs: 5000, reply: true };
    this.#member.write(`${JSON.stringify(frame)}\n`);
    return new Promise(resolve => {
      this.#answered = resolve;
    });
  }

  #sit(member, server) {
    this.#member = member;
    linesOf(server, line => {
      this.#seq = Math.max(this.#seq, JSON.parse(line).seq ?? 0);
      member.write(`${line}\n`);
    });
    linesOf(member, line => {
      const frame = JSON.parse(line);
      if (frame.type === 'result' && frame.seq === this.#seq + 1) this.#answered(frame);
      else server.write(`${line}\n`);
    });
    for (const [end, other] of [
      [member, server],
      [server, member],
    ]) {
      end.on('error', () => undefined);
      end.on('close', () => other.destroy());
    }
  }
}

/** Calls `onLine` with each line. A reset connection is an error of the reader too, and would end the process. */
function linesOf(socket, onLine) {
  createInterface({ input: socket })
    .on('line', onLine)
    .on('error', () => undefined);
}
