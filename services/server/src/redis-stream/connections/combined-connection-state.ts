import type { ConnectionState, StreamPorts } from '../settings.js';
import type { PrimaryConnection } from './primary-connection.js';

/** Combines the states of several connections into one. It is `up` if every connection that has reported is up. */
export class CombinedConnectionState {
  readonly #ports: Pick<StreamPorts, 'onConnectionState' | 'onReconnected'>;
  readonly #states = new Map<PrimaryConnection, ConnectionState>();
  #reported: ConnectionState['kind'] | 'nothing' = 'nothing';

  constructor(ports: Pick<StreamPorts, 'onConnectionState' | 'onReconnected'>) {
    this.#ports = ports;
  }

  /**
   * Records the state of one connection. Reports a change of the combined state. When a connection is up again, also reports its shards.
   */
  recordState(connection: PrimaryConnection, state: ConnectionState): void {
    const isBack = state.kind === 'up' && this.#states.get(connection)?.kind === 'down';
    this.#states.set(connection, state);
    this.#report(state);
    if (isBack) this.#ports.onReconnected(connection.shards);
  }

  /** Removes a connection that was closed on purpose, so that its last state does not count. */
  removeConnection(connection: PrimaryConnection): void {
    if (this.#states.delete(connection) && this.#states.size > 0) this.#report({ kind: 'up' });
  }

  #report(newest: ConnectionState): void {
    const down = [...this.#states.values()].find(({ kind }) => kind === 'down');
    const all = down ?? newest;
    if (this.#reported === all.kind) return;
    this.#reported = all.kind;
    this.#ports.onConnectionState(all);
  }
}
