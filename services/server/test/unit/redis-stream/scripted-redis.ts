import type { Redis } from 'ioredis';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Answers by command. A command without an entry is never answered. */
export type Answers = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

/** A client connection to a Redis that answers only by its script. `asked` lists every command in order. */
export function clientOf(answers: Answers): { readonly redis: Redis; readonly asked: unknown[][] } {
  const asked: unknown[][] = [];
  const client: Record<string, unknown> = { status: 'ready', disconnect: () => asked.push(['disconnect']) };
  const redis = new Proxy(client, {
    get: (own, name) => {
      if (typeof name !== 'string' || name === 'then' || name in own) return own[String(name)];
      return (...args: readonly unknown[]): Promise<unknown> => {
        asked.push([name, ...args]);
        const answer = answers[name];
        return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer(...args));
      };
    },
  });
  return { redis: redis as unknown as Redis, asked };
}

/** The name of a command and, if it has two words, the second. */
const asking = /\*\d+\r\n\$\d+\r\n(\w+)\r\n(?:\$\d+\r\n(\w+)\r\n)?/g;

/** The behaviour of a fake Redis, in the Redis protocol. */
const greeting: Readonly<Record<string, string>> = {
  hello: '%0\r\n',
  info: '$32\r\nredis_version:7.0.0\r\nloading:0\r\n\r\n',
  role: '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n',
  time: '*2\r\n$1\r\n1\r\n$1\r\n1\r\n',
};

export interface Script {
  /** Answers that differ from those of a healthy Redis. A command with an undefined answer gets none. */
  readonly says?: Readonly<Record<string, string>>;
  /** How often a connection answers a command, if not every time. */
  readonly most?: Readonly<Record<string, number>>;
  /** Close every connection at once. */
  readonly hangsUp?: true;
}

/** A listening port that answers with the given behaviour. */
export class ScriptedRedis {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The commands of all connections, in lower case. */
  readonly asked: string[] = [];
  connections = 0;

  private constructor(script: Script) {
    this.#server = createServer(socket => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      if (script.hangsUp === true) socket.destroy();
      else this.#serve(socket, script);
    });
  }

  static async listen(script: Script): Promise<ScriptedRedis> {
    const redis = new ScriptedRedis(script);
    await new Promise<void>(resolve => redis.#server.listen(0, '127.0.0.1', resolve));
    return redis;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Closes the current connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  dispose(): void {
    this.cut();
    this.#server.close();
  }

  #serve(socket: Socket, { says = {}, most = {} }: Script): void {
    const answered = new Map<string, number>();
    socket.on('data', (bytes: Buffer) => {
      for (const [, word = '', part = ''] of bytes.toString().matchAll(asking)) {
        const command = `${word}${/^cluster$/i.test(word) ? ` ${part}` : ''}`.toLowerCase();
        this.asked.push(command);
        const times = (answered.get(command) ?? 0) + 1;
        answered.set(command, times);
        if (times <= (most[command] ?? times)) socket.write({ ...greeting, ...says }[command] ?? '');
      }
    });
  }
}
