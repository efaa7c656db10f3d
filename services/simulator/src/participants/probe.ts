/** Observes the clients of a simulation. */

import type { ServerMessage } from '@rankd/protocol';
import type { ModelClient } from './model-client.js';

/** Observes the messages of clients. */
export interface Probe {
  /** Called when the client has received and handled a message. */
  recordMessage(client: ModelClient, message: ServerMessage): void;
  /** Called when the client sends a frame. */
  recordSent(client: ModelClient, frame: string): void;
  /** Called when the client sends a command with this id and reply mode. */
  recordCommand(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void;
  /** Called when a session of the client has ended. */
  recordSessionEnd(client: ModelClient): void;
}
