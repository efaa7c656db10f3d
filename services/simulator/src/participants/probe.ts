import type { ServerMessage } from '@rankd/protocol';
import type { ModelClient } from './model-client.js';

/** Who sees what clients see and do. */
export interface Probe {
  /** It has been told this, and has dealt with it. */
  took(client: ModelClient, message: ServerMessage): void;
  /** It says this. */
  sent(client: ModelClient, frame: string): void;
  /** It sends a command of its own, to hear of it as `reply` says. */
  commanded(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void;
  /** A session of its is over. */
  over(client: ModelClient): void;
}
