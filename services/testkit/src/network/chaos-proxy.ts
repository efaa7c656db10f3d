import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** `toServer`: what clients send. */
export type Direction = 'toServer' | 'toClient';

/**
 * What becomes of bytes and of the end of a connection in one direction. `hold` keeps them until it is `pass` again, `drop`
 * loses them: either is a cut that neither side is told of, and both sockets stay open.
 */
export type Treatment = 'pass' | 'hold' | 'drop';

export interface Pace {
  /** How long each piece is under way. */
  readonly delayMs?: number;
  /** How much is written at once; 1: byte by byte. */
  readonly pieceBytes?: number;
}

/** A TCP proxy on loopback that does to connections what networks do to them. */
export class ChaosProxy {
  readonly #server: Server;
  #targetPort: number;
  readonly #pipes: Record<Direction, Set<Pipe>> = { toServer: new Set(), toClient: new Set() };
  readonly #sockets = new Set<Socket>();
  readonly #treatments: Record<Direction, Treatment> = { toServer: 'pass', toClient: 'pass' };
  readonly #paces: Record<Direction, Pace> = { toServer: {}, toClient: {} };

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, client => this.#adopt(client));
  }

  /** Takes connections on a free port and leads them to `targetPort`. */
  static async open(targetPort: number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(targetPort);
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where connections to come are led from now on, as an address does that moves to another machine. */
  lead(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** From now on, for connections that are open and for those to come; what was held is passed in its order. */
  treat(direction: Direction, treatment: Treatment): void {
    this.#treatments[direction] = treatment;
    for (const pipe of this.#pipes[direction]) pipe.treat(treatment);
  }

  /** From now on, likewise; what is under way already stays in front. */
  pace(direction: Direction, pace: Pace): void {
    this.#paces[direction] = pace;
    for (const pipe of this.#pipes[direction]) pipe.pace(pace);
  }

  /** Ends every connection as a cable that is pulled and put back does: with a RST, on both sides. */
  reset(): void {
    for (const socket of this.#sockets) resetOf(socket);
  }

  /** Sends a FIN in that direction; the other one goes on. Whoever sent in this direction is not told. */
  halfClose(direction: Direction): void {
    for (const pipe of this.#pipes[direction]) pipe.halfClose();
  }

  async dispose(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #adopt(client: Socket): void {
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#join('toServer', client, server);
    this.#join('toClient', server, client);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    }
  }

  #join(direction: Direction, from: Socket, to: Socket): void {
    const pipe = new Pipe(from, to, this.#treatments[direction], this.#paces[direction]);
    this.#pipes[direction].add(pipe);
    to.on('close', () => this.#pipes[direction].delete(pipe));
  }
}

/** One that has yet to connect has nobody to tell; Node would keep its handle. */
function resetOf(socket: Socket): void {
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}

type Piece = Buffer | 'end' | 'reset';

/** One direction of one connection. */
class Pipe {
  readonly #to: Socket;
  #treatment: Treatment;
  #pace: Pace;
  #held: Piece[] = [];
  /** Writes happen one after another, however long each is under way. */
  #written: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(from: Socket, to: Socket, treatment: Treatment, pace: Pace) {
    this.#to = to;
    this.#treatment = treatment;
    this.#pace = pace;
    let isOver = false;
    const over = (piece: 'end' | 'reset'): void => {
      if (!isOver) this.#take(piece);
      isOver = true;
    };
    from.on('data', bytes => this.#take(bytes));
    from.on('end', () => over('end'));
    from.on('error', () => over('reset'));
    from.on('close', () => over('reset'));
  }

  treat(treatment: Treatment): void {
    this.#treatment = treatment;
    if (treatment === 'pass') for (const piece of this.#held.splice(0)) this.#pass(piece);
    if (treatment === 'drop') this.#held = [];
  }

  pace(pace: Pace): void {
    this.#pace = pace;
  }

  halfClose(): void {
    this.#to.end();
  }

  #take(piece: Piece): void {
    if (this.#treatment === 'pass') this.#pass(piece);
    else if (this.#treatment === 'hold') this.#held.push(piece);
  }

  #pass(piece: Piece): void {
    if (piece === 'end') this.#later(() => this.#to.end());
    else if (piece === 'reset') this.#later(() => resetOf(this.#to));
    else {
      const { pieceBytes = Infinity } = this.#pace;
      for (let start = 0; start < piece.length; start += pieceBytes) {
        const part = piece.subarray(start, start + pieceBytes);
        this.#later(() => {
          if (this.#to.writable) this.#to.write(part);
        });
      }
    }
  }

  /** In the order of the calls, `delayMs` after each at the earliest, and each in a turn of its own where there is a pace. */
  #later(run: () => void): void {
    const { delayMs = 0, pieceBytes } = this.#pace;
    if (delayMs === 0 && pieceBytes === undefined && this.#underWay === 0) {
      run();
      return;
    }
    this.#underWay += 1;
    const dueMs = performance.now() + delayMs;
    this.#written = this.#written.then(async () => {
      const leftMs = dueMs - performance.now();
      await (leftMs > 0 ? sleep(Math.ceil(leftMs)) : nextTurn());
      this.#underWay -= 1;
      run();
    });
  }
}
