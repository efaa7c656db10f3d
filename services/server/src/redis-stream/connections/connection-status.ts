import type { PrimaryConnection } from './primary-connection.js';
import type { ConnectionState, StreamPorts } from '../settings.js';

/** What several lanes say of their connections, as one: up while all are that have said anything. */
export class ConnectionStatuses {
  readonly #ports: Pick<StreamPorts, 'connection' | 'reconnected'>;
  readonly #states = new Map<PrimaryConnection, ConnectionState>();
  #told: ConnectionState['kind'] | 'nothing' = 'nothing';

  constructor(ports: Pick<StreamPorts, 'connection' | 'reconnected'>) {
    this.#ports = ports;
  }

  take(lane: PrimaryConnection, state: ConnectionState): void {
    const isBack = state.kind === 'up' && this.#states.get(lane)?.kind === 'down';
    this.#states.set(lane, state);
    this.#tell(state);
    if (isBack) this.#ports.reconnected(lane.shards);
  }

  /** It is not needed any more: what it said last does not count. */
  forget(lane: PrimaryConnection): void {
    if (this.#states.delete(lane) && this.#states.size > 0) this.#tell({ kind: 'up' });
  }

  #tell(newest: ConnectionState): void {
    const down = [...this.#states.values()].find(({ kind }) => kind === 'down');
    const all = down ?? newest;
    if (this.#told === all.kind) return;
    this.#told = all.kind;
    this.#ports.connection(all);
  }
}
