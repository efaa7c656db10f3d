/** A network with faults between clients and a server. */

import type { TestTime } from '../time/test-time.js';
import type { PeerSocket } from './raw-peer.js';

/** The direction of bytes. `toServer`: the bytes that clients send. */
export type Direction = 'toServer' | 'toClient';

/**
 * What happens to bytes and to a FIN in one direction. `hold` keeps them until `pass` is set again. `drop` discards them. Both sockets stay
 * open, so neither side notices this.
 */
export type Treatment = 'pass' | 'hold' | 'drop';

/** How fast bytes pass. */
export interface Pace {
  /** The delay of each piece, ms. */
  readonly delayMs?: number;
  /** How many bytes are written at once. 1: byte by byte. */
  readonly pieceBytes?: number;
}

/** Connections between clients and a server, with the faults of the network between them. */
export class ChaosLink {
  readonly #time: TestTime;
  readonly #pipes: Record<Direction, Set<Pipe>> = { toServer: new Set(), toClient: new Set() };
  readonly #sockets = new Set<LinkSocket>();
  readonly #treatments: Record<Direction, Treatment> = { toServer: 'pass', toClient: 'pass' };
  readonly #paces: Record<Direction, Pace> = { toServer: {}, toClient: {} };

  constructor(time: TestTime) {
    this.#time = time;
  }

  /** Passes bytes between `client` and `server` in both directions, with the present treatment and pace. */
  connect(client: LinkSocket, server: LinkSocket): void {
    this.#join('toServer', client, server);
    this.#join('toClient', server, client);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    }
  }

  /** Sets the treatment of open and future connections. Held bytes are passed in order when it is `pass` again. */
  treat(direction: Direction, treatment: Treatment): void {
    this.#treatments[direction] = treatment;
    for (const pipe of this.#pipes[direction]) pipe.treat(treatment);
  }

  /** Sets the pace of open and future connections. Bytes that were written before still arrive first. */
  pace(direction: Direction, pace: Pace): void {
    this.#paces[direction] = pace;
    for (const pipe of this.#pipes[direction]) pipe.pace(pace);
  }

  /** Resets every connection with a RST on both sides. */
  reset(): void {
    for (const socket of this.#sockets) resetOf(socket);
  }

  /** Sends a FIN to the receiver of that direction. The other direction stays open. The sender does not notice it. */
  halfClose(direction: Direction): void {
    for (const pipe of this.#pipes[direction]) pipe.halfClose();
  }

  /** Closes every connection. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(direction: Direction, from: LinkSocket, to: LinkSocket): void {
    const pipe = new Pipe(this.#time, { from, to }, this.#treatments[direction], this.#paces[direction]);
    this.#pipes[direction].add(pipe);
    to.on('close', () => this.#pipes[direction].delete(pipe));
  }
}

/** A TCP socket, which may still be connecting, or a socket in memory. */
export type LinkSocket = PeerSocket & { readonly connecting?: boolean };

/** Resets a socket. A socket that is still connecting is destroyed, because Node would keep its handle after a reset. */
function resetOf(socket: LinkSocket): void {
  if (socket.connecting === true) socket.destroy();
  else socket.resetAndDestroy();
}

type Piece = Buffer | 'end' | 'reset';

/** One direction of one connection. */
class Pipe {
  readonly #time: TestTime;
  readonly #to: LinkSocket;
  #treatment: Treatment;
  #pace: Pace;
  #held: Piece[] = [];
  /** Resolves when all writes so far are done. Each write waits for the one before it. */
  #written: Promise<void> = Promise.resolve();
  #pendingCalls = 0;

  constructor(
    time: TestTime,
    { from, to }: { readonly from: LinkSocket; readonly to: LinkSocket },
    treatment: Treatment,
    pace: Pace,
  ) {
    this.#time = time;
    this.#to = to;
    this.#treatment = treatment;
    this.#pace = pace;
    let isOver = false;
    const over = (piece: 'end' | 'reset'): void => {
      if (!isOver) this.#take(piece);
      isOver = true;
    };
    from.on('data', (bytes: Buffer) => this.#take(bytes));
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

  /** Runs the calls in order, each after at least `delayMs`. With a pace, each call has its own round of the event loop. */
  #later(run: () => void): void {
    const { delayMs = 0, pieceBytes } = this.#pace;
    if (delayMs === 0 && pieceBytes === undefined && this.#pendingCalls === 0) {
      run();
      return;
    }
    this.#pendingCalls += 1;
    const dueMs = this.#time.nowMs() + delayMs;
    this.#written = this.#written.then(async () => {
      const leftMs = dueMs - this.#time.nowMs();
      await new Promise<void>(resolve => {
        if (leftMs > 0) this.#time.after(Math.ceil(leftMs), resolve);
        else this.#time.afterTurn(resolve);
      });
      this.#pendingCalls -= 1;
      run();
    });
  }
}
