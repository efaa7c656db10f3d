import type { Connection } from '../../../src/gateway/transport/connection.js';

/** A connection whose peer reads only the bytes that the test asks it to read. */
export class FakeConnection implements Connection {
  readonly address = '192.0.2.1:1000';
  readonly host = '192.0.2.1';
  readonly written: Buffer[] = [];
  reading: 'reading' | 'paused' = 'reading';
  /** The number of bytes that the operating system accepts before a backlog begins. */
  room: number;
  backlogBytes = 0;
  /** Called when the server resumes reading. */
  onResume: () => void = () => undefined;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  get text(): string {
    return Buffer.concat(this.written).toString();
  }

  write(bytes: Buffer): void {
    this.written.push(bytes);
    this.backlogBytes += bytes.length;
    this.readBytes(0);
  }

  /** The peer reads this many bytes more. */
  readBytes(bytes: number): void {
    this.room += bytes;
    const taken = Math.min(this.room, this.backlogBytes);
    this.room -= taken;
    this.backlogBytes -= taken;
  }

  pause(): void {
    this.reading = 'paused';
  }

  resume(): void {
    this.reading = 'reading';
    this.onResume();
  }

  end(): void {
    this.backlogBytes = 0;
  }

  destroy(): void {
    this.backlogBytes = 0;
  }

  keepAlive(): void {
    return undefined;
  }
}
