/** R-JOIN-4: sends positions to the sessions on a group's waitlist. */

import type { ServerConfig } from '../../config.js';
import type { Group } from '../../core/index.js';
import { waitingMessage } from '../frames/session-frames.js';
import type { OpenSessions } from '../session/open-sessions.js';

/** The parts of the gateway that WaitlistPositions uses. */
export interface WaitlistPositionsPorts {
  readonly config: ServerConfig;
  readonly sessions: Pick<OpenSessions, 'get'>;
}

/** Sends each session on the waitlist its position, at first and whenever it changes (R-JOIN-4). */
export class WaitlistPositions {
  readonly #group: Group;
  readonly #ports: WaitlistPositionsPorts;
  #state: 'sent' | 'changed' = 'sent';

  constructor(group: Group, ports: WaitlistPositionsPorts) {
    this.#group = group;
    this.#ports = ports;
  }

  /** Records that positions may have changed. */
  recordChange(): void {
    this.#state = 'changed';
  }

  /** Sends every position that differs from the one that was sent last. */
  sendChanged(): void {
    if (this.#state === 'sent') return;
    this.#state = 'sent';
    const { waiting } = this.#group;
    for (const [index, id] of waiting.entries()) {
      const session = this.#ports.sessions.get(id);
      if (session?.state.phase !== 'waiting' || session.state.lastPosition === index + 1) continue;
      session.state.lastPosition = index + 1;
      session.sendMessage(waitingMessage(index + 1, waiting.length, this.#ports.config));
    }
  }
}
