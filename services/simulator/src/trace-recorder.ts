import type { ServerMessage } from '@rankd/protocol';
import type { ModelClient } from './participants/model-client.js';
import type { Probe } from './participants/probe.js';

/** Writes down what clients see and do, and passes it on. */
export class TraceRecorder implements Probe {
  readonly #next: Probe;
  readonly #note: (line: string) => void;

  constructor(next: Probe, note: (line: string) => void) {
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
