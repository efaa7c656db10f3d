import type { ServerId, SessionId } from '../../core/index.js';

/** The ids of this server's sessions: a number, behind the server's id in a cluster. */
export class SessionIds {
  readonly #prefix: string;
  #issued = 0;

  /** `server`: undefined if this server is alone. */
  constructor(server: ServerId | undefined) {
    this.#prefix = server === undefined ? 's' : `${server}/s`;
  }

  issue(): SessionId {
    this.#issued += 1;
    return `${this.#prefix}${this.#issued}`;
  }

  /** Whether the id belongs to a session of this server, open or ended. */
  isOwn(id: SessionId): boolean {
    return id.startsWith(this.#prefix);
  }
}
