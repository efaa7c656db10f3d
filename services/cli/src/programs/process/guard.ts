/** One guard process, as rankctl sees it (R-PROG-5). */

import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { withoutSecrets } from '../line/program-line.js';
import type { GuardAnswer, GuardOrder } from './guard-messages.js';
import { GUARD_ARGUMENT, selfCommand } from './self-command.js';

/** The descriptor of the socket in the guard, after the standard streams and the pipe. */
const SOCKET_DESCRIPTOR = 4;

/**
 * How many orders the guard may leave unanswered. Above this only the newest order waits, so that the queue does not grow if the guard is
 * suspended.
 */
const UNANSWERED_MAX = 16;

/**
 * Returns the file descriptor of a socket. Node has no public property for it. Passing the socket to the child as a stream would end the
 * reading of this process.
 * @throws Error if the socket is closed
 */
function descriptorOf(socket: Socket): number {
  const { fd = -1 } = (socket as Socket & { readonly _handle?: { readonly fd: number } | null })._handle ?? {};
  if (fd < 0) throw new Error('the socket of the session is closed');
  return fd;
}

/** The events of a guard. */
interface GuardEvents {
  /** The guard has ended by itself. `why` is for people. */
  died: [{ readonly why: string }];
}

/** A guard process. It kills the groups that it holds when rankctl ends or at `killAtMs`, whichever is first. */
export class Guard extends EventEmitter<GuardEvents> {
  /** Resolves when the guard can hold a program. It never settles if the guard dies first. */
  readonly ready: Promise<void>;
  readonly #process: ChildProcess;
  #order: GuardOrder = { groups: [], starting: undefined, killAtMs: undefined };
  #sent: GuardOrder = this.#order;
  #state: 'starting' | 'up' | 'over' = 'starting';
  #unanswered = 0;

  /**
   * Starts a guard.
   * @param socket the socket of the session, of which the guard keeps a copy. Undefined: none
   */
  constructor(socket: Socket | undefined) {
    super();
    const { file, args } = selfCommand();
    // The guard does not inherit the standard streams: it would keep the program's output open. It inherits the socket as a descriptor that
    // it never reads.
    const stdio: StdioOptions = [
      'ignore',
      'ignore',
      'ignore',
      'ipc',
      ...(socket === undefined ? [] : [descriptorOf(socket)]),
    ];
    const env = { ...withoutSecrets(process.env), NODE_OPTIONS: undefined };
    const shared = stdio.length > SOCKET_DESCRIPTOR ? [String(SOCKET_DESCRIPTOR)] : [];
    this.#process = spawn(file, [...args, GUARD_ARGUMENT, ...shared], { detached: true, stdio, env });
    this.#process.once('error', error => this.#end(error.message));
    this.#process.once('exit', (code, signal) => this.#end(signal ?? `exit code ${code}`));
    this.ready = new Promise(resolve => {
      this.#process.on('message', message => {
        this.#recordAnswer(message as GuardAnswer);
        resolve();
      });
    });
  }

  /** The process id. Undefined if the guard could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether the guard runs and can hold a group. */
  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Announces that a program with this member id in its environment starts. */
  announce(member: string): void {
    this.#give({ ...this.#order, starting: member });
  }

  /** Holds a process group, until `release`. Ends the announcement. */
  hold(group: number): void {
    this.#give({ ...this.#order, groups: [...this.#order.groups, group], starting: undefined });
  }

  /** Ends an announcement whose program did not start. */
  withdraw(): void {
    this.#give({ ...this.#order, starting: undefined });
  }

  /** No longer holds a group. Call it when no process of the group runs. */
  release(group: number): void {
    this.#give({ ...this.#order, groups: this.#order.groups.filter(other => other !== group) });
  }

  /** When the guard kills what it holds, by `monotonicMs`. Undefined: only when rankctl ends. */
  get killAtMs(): number | undefined {
    return this.#order.killAtMs;
  }

  /** Sets `killAtMs`. */
  setKillAt(killAtMs: number | undefined): void {
    if (killAtMs !== this.#order.killAtMs) this.#give({ ...this.#order, killAtMs });
  }

  /** Closes the pipe: the guard kills what it holds, and ends. */
  close(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    if (this.#process.connected) this.#process.disconnect();
  }

  #give(order: GuardOrder): void {
    this.#order = order;
    this.#sendLatest();
  }

  #sendLatest(): void {
    if (this.#state !== 'up' || this.#sent === this.#order || this.#unanswered >= UNANSWERED_MAX) return;
    this.#unanswered += 1;
    this.#sent = this.#order;
    // If the guard has ended, the order cannot be sent, and the event `exit` follows.
    this.#process.send(this.#order, () => undefined);
  }

  #recordAnswer(answer: GuardAnswer): void {
    if (this.#state === 'over') return;
    if (answer === 'held') this.#unanswered -= 1;
    else this.#state = 'up';
    this.#sendLatest();
  }

  #end(why: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.emit('died', { why });
  }
}
