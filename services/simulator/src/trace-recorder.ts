import type { ServerMessage } from '@rankd/protocol';
import type { ModelClient } from './participants/model-client.js';
import type { Witness } from './participants/probe.js';

/** Writes down what clients see and do, and passes it on. */
export class Recorder implements Witness {
  readonly #next: Witness;
  readonly #note: (line: string) => void;

  constructor(next: Witness, note: (line: string) => void) {
    this.#next = next;
    this.#note = note;
  }

  took(client: ModelClient, message: ServerMessage): void {
    this.#note(`${client.name} < ${JSON.stringify(message)}`);
    this.#next.took(client, message);
  }

  sent(client: ModelClient, frame: string): void {
    this.#note(`${client.name} > ${frame.trimEnd()}`);
    this.#next.sent(client, frame);
  }

  commanded(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void {
    this.#next.commanded(client, id, reply);
  }

  over(client: ModelClient): void {
    this.#note(`${client.name} is out`);
    this.#next.over(client);
  }
}
