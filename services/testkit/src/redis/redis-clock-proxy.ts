/** A proxy to a real Redis that changes the time which Redis reports. */

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The answer to TIME in RESP2: the seconds and the microseconds. It is short, so that it arrives in one piece. */
const TIME_ANSWER = /^\*2\r\n\$10\r\n(\d{10})\r\n\$\d\r\n\d{1,6}\r\n$/;

/** Passes connections to a Redis. After `setClock` the answers to TIME differ from the clock of the machine. */
export class RedisClockProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #aheadS = 0;

  private constructor(redisPort: number) {
    this.#server = createServer({ noDelay: true }, client => {
      const redis = connect({ port: redisPort, host: '127.0.0.1', noDelay: true });
      for (const [from, to] of [
        [client, redis],
        [redis, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
      client.on('data', bytes => redis.write(bytes));
      redis.on('data', bytes => client.write(this.#shiftTime(bytes)));
    });
  }

  /** Accepts connections on a free port and passes them to `redisPort`. */
  static async open(redisPort: number): Promise<RedisClockProxy> {
    const proxy = new RedisClockProxy(redisPort);
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sets the clock ahead of the machine's by this many seconds. A negative number sets it back. */
  setClock(aheadS: number): void {
    this.#aheadS = aheadS;
  }

  async dispose(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #shiftTime(bytes: Buffer): Buffer | string {
    const match = TIME_ANSWER.exec(bytes.toString('latin1'));
    if (match === null) return bytes;
    const [answer, seconds] = match;
    return answer.replace(String(seconds), String(Number(seconds) + this.#aheadS));
  }
}
