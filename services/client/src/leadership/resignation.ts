/** R-RESIGN-1: gives up a rank and stays in the group. */

import type { ErrorMessage } from '@rankd/protocol';
import { errorFromServer, RankdError } from '../rankd-error.js';
import type { MemberState } from '../session/member-state.js';
import type { Seat } from '../session/seat.js';

/** The feature in `welcome.features` of a server that knows `resign`. */
const RESIGN = 'resign';

/** The functions and values that a resignation gets from the membership. */
export interface ResignationPorts {
  readonly state: MemberState;
  /** Resolves when the work of the leader has ended, or when the lease of this seat has ended. */
  readonly waitForWork: (seat: Seat) => Promise<void>;
}

interface OpenResignation {
  readonly seat: Seat;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: RankdError) => void;
  phase: 'stopping' | 'sent';
}

/** Sends `resign` and waits for the view that answers. At most one resignation is open. */
export class Resignation {
  readonly #ports: ResignationPorts;
  #open: OpenResignation | undefined;

  constructor(ports: ResignationPorts) {
    this.#ports = ports;
  }

  /**
   * Stops acting on the rank, waits for the work of the leader, sends `resign`. Resolves when the member has its new rank.
   * @throws RankdError NOT_CONNECTED if there is no session, or if it ends first; UNSUPPORTED if the server does not know `resign`
   */
  async resign(): Promise<void> {
    const { state } = this.#ports;
    const { seat } = state;
    if (seat === undefined || state.isOver) throw new RankdError('NOT_CONNECTED');
    if (!seat.welcome.features.includes(RESIGN)) throw new RankdError('UNSUPPORTED', 'resign');
    if (this.#open?.seat === seat) return this.#open.done;
    const open = openResignation(seat);
    this.#open = open;
    state.startResign(seat);
    void this.#sendWhenStopped(open);
    return open.done;
  }

  /** Records that the view which answers `resign` has arrived. */
  recordAnswer(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.resolve();
  }

  /** Records an error of the server. Returns whether it answers `resign`. The member then acts on its rank again. */
  handleError(message: ErrorMessage): boolean {
    const open = this.#open;
    if (open?.phase !== 'sent' || (message.code !== 'UNSUPPORTED' && message.code !== 'FORBIDDEN')) return false;
    this.#open = undefined;
    if (this.#ports.state.cancelResign(open.seat)) open.seat.connection.send({ type: 'yielded' });
    open.reject(errorFromServer(message));
    return true;
  }

  /** Records that the session has ended or was replaced. Whether the member has resigned is unknown. */
  handleSessionEnd(code: string): void {
    const open = this.#open;
    this.#open = undefined;
    open?.reject(new RankdError('NOT_CONNECTED', code));
  }

  async #sendWhenStopped(open: OpenResignation): Promise<void> {
    await this.#ports.waitForWork(open.seat);
    if (this.#open !== open) return;
    open.phase = 'sent';
    open.seat.connection.send({ type: 'resign' });
  }
}

function openResignation(seat: Seat): OpenResignation {
  let resolve: () => void = () => undefined;
  let reject: (error: RankdError) => void = () => undefined;
  const done = new Promise<void>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  return { seat, done, resolve, reject, phase: 'stopping' };
}
