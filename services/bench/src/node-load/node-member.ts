/** A member of a rankd group, for measurements from Node. */

import { BenchError } from '../servers/child.js';
import type { Target } from '../target/target.js';

/** A frame of rankd, as JSON returned it. */
export type Frame = Readonly<Record<string, unknown>>;

/** A member of a rankd group, in this process. It answers pings until `fallSilent` is called. */
export class NodeMember {
  readonly welcome: Frame;
  /** Called with every frame after the welcome. */
  onFrame: (frame: Frame) => void = () => undefined;
  /** When it last answered a ping, by the monotonic clock, ms. */
  pongAtMs: number | undefined;
  readonly #talk: Talk;

  private constructor(talk: Talk, welcome: Frame) {
    this.#talk = talk;
    this.welcome = welcome;
    talk.onFrame = frame => this.#take(frame);
    talk.onEnd = () => undefined;
  }

  /**
   * Joins a group.
   * @param heartbeat false: the server does not ping this member (R-JOIN-1)
   * @throws BenchError with the answer of the server, if the answer is not a welcome
   */
  static async join({ dial, hello }: Target, heartbeat = false): Promise<NodeMember> {
    const talk = new Talk(await dial());
    talk.send({ type: 'hello', heartbeat, ...hello });
    return await new Promise((resolve, reject) => {
      talk.onFrame = frame => {
        if (frame['type'] === 'welcome') resolve(new NodeMember(talk, frame));
        if (frame['type'] === 'waiting') reject(new BenchError('the group is full'));
        if (frame['type'] === 'bye') reject(new BenchError(`${String(frame['code'])}: ${String(frame['message'])}`));
      };
      talk.onEnd = () => reject(new BenchError('the server closed the connection'));
    });
  }

  /**
   * Resolves with the next frame for which `fits` returns true.
   * @throws BenchError if there is none in time
   */
  async until(fits: (frame: Frame) => boolean, deadlineMs: number, what: string): Promise<Frame> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new BenchError(`no ${what} within ${deadlineMs} ms`)), deadlineMs);
        this.onFrame = frame => {
          if (fits(frame)) resolve(frame);
        };
      });
    } finally {
      clearTimeout(timer);
      this.onFrame = () => undefined;
    }
  }

  /** Sends a frame. */
  send(frame: Frame): void {
    this.#talk.send(frame);
  }

  /** Stops reading and answering, as when its host has failed. */
  fallSilent(): void {
    this.#talk.pause();
  }

  /** Closes its connection at once, as the operating system does for a killed process. */
  end(): void {
    this.#talk.end();
  }

  #take(frame: Frame): void {
    if (frame['type'] === 'ping') {
      this.send({ type: 'pong', n: frame['n'] });
      this.pongAtMs = performance.now();
    } else {
      this.onFrame(frame);
    }
  }
}

type Socket = Awaited<ReturnType<Target['dial']>>;

/** Reads and writes lines of JSON on a socket. */
class Talk {
  onFrame: (frame: Frame) => void = () => undefined;
  onEnd: () => void = () => undefined;
  readonly #socket: Socket;
  #rest = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    socket.on('error', () => undefined);
    socket.on('close', () => this.onEnd());
  }

  send(frame: Frame): void {
    this.#socket.write(`${JSON.stringify(frame)}\n`);
  }

  pause(): void {
    this.#socket.pause();
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.onFrame(JSON.parse(line) as Frame);
  }
}
