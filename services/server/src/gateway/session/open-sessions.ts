import type { ServerId, SessionId } from '../../core/index.js';
import type { Session } from './session.js';

/** The open sessions of this server, by id. An id is `s` and a number. In a cluster the server's id and a slash come before it. */
export class OpenSessions {
  readonly #prefix: string;
  readonly #sessions = new Map<SessionId, Session>();
  #issued = 0;

  /** `server` is undefined if this server has no cluster. */
  constructor(server: ServerId | undefined) {
    this.#prefix = server === undefined ? 's' : `${server}/s`;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Returns a new id. */
  issueId(): SessionId {
    this.#issued += 1;
    return `${this.#prefix}${this.#issued}`;
  }

  /** Whether the id belongs to a session of this server, open or ended. */
  isOwn(id: SessionId): boolean {
    return id.startsWith(this.#prefix);
  }

  get(id: SessionId): Session | undefined {
    return this.#sessions.get(id);
  }

  has(id: SessionId): boolean {
    return this.#sessions.has(id);
  }

  values(): Iterable<Session> {
    return this.#sessions.values();
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session);
  }

  delete(session: Session): void {
    this.#sessions.delete(session.id);
  }
}
