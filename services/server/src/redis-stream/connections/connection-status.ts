import type { PrimaryConnection } from './primary-connection.js';
import type { ConnectionState, StreamPorts } from '../settings.js';

/** What several connections say of their connections, as one: up while all are that have said anything. */
export class ConnectionStatuses {
  readonly #ports: Pick<StreamPorts, 'connection' | 'reconnected'>;
  readonly #states = new Map<PrimaryConnection, ConnectionState>();
  #reported: ConnectionState['kind'] | 'nothing' = 'nothing';

  constructor(ports: Pick<StreamPorts, 'connection' | 'reconnected'>) {
    this.#ports = ports;
  }

  recordState(connection: PrimaryConnection, state: ConnectionState): void {
    const isBack = state.kind === 'up' && this.#states.get(connection)?.kind === 'down';
    this.#states.set(connection, state);
    this.#report(state);
    if (isBack) this.#ports.reconnected(connection.shards);
  }

  /** It is not needed any more: what it said last does not count. */
  forget(connection: PrimaryConnection): void {
    if (this.#states.delete(connection) && this.#states.size > 0) this.#report({ kind: 'up' });
  }

  #report(newest: ConnectionState): void {
    const down = [...this.#states.values()].find(({ kind }) => kind === 'down');
    const all = down ?? newest;
    if (this.#reported === all.kind) return;
    this.#reported = all.kind;
    this.#ports.connection(all);
  }
}
