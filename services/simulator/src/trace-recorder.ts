import type { ServerMessage } from '@rankd/protocol';
import type { ModelClient } from './participants/model-client.js';
import type { Probe } from './participants/probe.js';

/** A probe that writes the messages of clients to a trace and calls the next probe. */
export class TraceRecorder implements Probe {
  readonly #next: Probe;
  readonly #writeLine: (line: string) => void;

  constructor(next: Probe, note: (line: string) => void) {
    this.#next = next;
    this.#writeLine = note;
  }

  recordMessage(client: ModelClient, message: ServerMessage): void {
    this.#writeLine(`${client.name} < ${JSON.stringify(message)}`);
    this.#next.recordMessage(client, message);
  }

  recordSent(client: ModelClient, frame: string): void {
    this.#writeLine(`${client.name} > ${frame.trimEnd()}`);
    this.#next.recordSent(client, frame);
  }

  recordCommand(client: ModelClient, id: string, reply: 'outcome' | 'each' | 'none'): void {
    this.#next.recordCommand(client, id, reply);
  }

  recordSessionEnd(client: ModelClient): void {
    this.#writeLine(`${client.name} is disconnected`);
    this.#next.recordSessionEnd(client);
  }
}
