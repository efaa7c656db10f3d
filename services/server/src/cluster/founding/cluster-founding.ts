/** Finds the cluster that this server joins, creates it, or waits. */

import type { Clock } from '../../clock.js';
import type { Watcher } from '../../server-event.js';
import { decideFounding, type FoundingDecision, type FoundingFacts } from './decide-founding.js';

/** The identity of the cluster in Redis, as a StreamStore reads and writes it. */
export interface FoundingStore {
  /** Returns the cluster that Redis has. If it has none, returns the server that waits for a lost one. */
  findCluster(): Promise<Partial<Pick<FoundingFacts, 'stored' | 'waiting'>>>;
  /** Joins the cluster that Redis has, or creates one. */
  prepare(candidate: {
    readonly clusterId: string;
    readonly replaces: readonly string[];
  }): Promise<{ readonly clusterId: string }>;
  /** Shows in Redis that this server waits. */
  showWaiting(waiting: NonNullable<FoundingFacts['waiting']>): Promise<void>;
  /** Accepts another cluster at the next prepare(). */
  forgetCluster(): void;
  /** Records that the cluster replaces these lost clusters. */
  addReplacedClusters(replaces: readonly string[]): Promise<void>;
}

/** The functions and values that a ClusterFounding gets from its owner. */
export interface ClusterFoundingPorts {
  readonly clock: Clock;
  readonly store: FoundingStore;
  /** The name of this server for operators, and ids for the clusters that it creates. */
  readonly identity: { readonly name: string; readonly createId: () => string };
  readonly watch: Watcher;
  /** Called when this server begins to wait for a lost cluster, and when the reason changes. */
  readonly onWait: (reason: string) => void;
}

/** Looks at Redis before each join. */
export class ClusterFounding {
  readonly #ports: ClusterFoundingPorts;
  readonly #lookMs: number;
  #served: string | undefined;
  /**
   * Another server that waited for a lost cluster. This server remembers it, because the cluster is still lost after that server has ended.
   */
  #witness: { readonly clusterId: string; readonly name: string } | undefined;
  #lookUntilMs: number | undefined;
  #adoption: 'none' | 'adopted' = 'none';
  #waiting: { readonly kind: 'look' | 'wait'; readonly reason: string } | undefined;

  /**
   * `served` is the cluster that this server has served before its start, if it knows one. `lookMs` is how long a server without a known
   * cluster looks for other servers, before it creates a cluster on an empty Redis.
   */
  constructor(served: string | undefined, lookMs: number, ports: ClusterFoundingPorts) {
    this.#served = served;
    this.#lookMs = lookMs;
    this.#ports = ports;
  }

  /** Why this server waits for a lost cluster, or looks for other servers. Undefined if it does neither. */
  get reason(): string | undefined {
    return this.#waiting?.reason;
  }

  /**
   * An operator has decided that this server accepts what Redis has. The next findCluster() does so. Returns whether this server waits for
   * a lost cluster.
   */
  adopt(): boolean {
    if (this.#waiting?.kind !== 'wait') return false;
    this.#adoption = 'adopted';
    return true;
  }

  /**
   * Looks at Redis once. Returns the id of the cluster that this server may join. Returns undefined if it has to look again.
   * @throws StreamError as StreamStore.prepare
   */
  async findCluster(): Promise<string | undefined> {
    const { clock, store, identity } = this.#ports;
    const { stored, waiting } = await store.findCluster();
    this.#lookUntilMs ??= clock.monotonicMs() + this.#lookMs;
    this.#witness = waiting ?? this.#witness;
    const decision = decideFounding({
      served: this.#served,
      stored,
      waiting: this.#witness,
      isAdopted: this.#adoption === 'adopted',
      lookMs: this.#lookUntilMs - clock.monotonicMs(),
    });
    switch (decision.kind) {
      case 'join':
      case 'create':
        return await this.#prepare(decision, stored?.clusterId);
      case 'wait':
        // Show it only if this server has served the lost cluster itself. Otherwise two servers without a cluster would wait for each other
        // for ever.
        if (this.#served !== undefined) await store.showWaiting({ clusterId: decision.lost, name: identity.name });
        this.#wait(decision);
        return undefined;
      case 'look':
        this.#wait(decision);
        return undefined;
    }
  }

  async #prepare(
    { kind, replaces }: Extract<FoundingDecision, { kind: 'join' | 'create' }>,
    stored: string | undefined,
  ): Promise<string> {
    const { store, identity, watch } = this.#ports;
    if (stored === undefined || stored !== this.#served) store.forgetCluster();
    if (kind === 'join' && replaces.length > 0) await store.addReplacedClusters(replaces);
    const { clusterId } = await store.prepare({ clusterId: identity.createId(), replaces });
    this.#served = clusterId;
    this.#witness = undefined;
    this.#adoption = 'none';
    this.#waiting = undefined;
    if (replaces.length > 0) watch({ event: 'cluster.adopted', cluster: clusterId, lost: replaces.join(' ') });
    return clusterId;
  }

  #wait({ kind, reason }: Extract<FoundingDecision, { kind: 'look' | 'wait' }>): void {
    if (this.#waiting?.reason === reason) return;
    this.#waiting = { kind, reason };
    if (kind === 'look') this.#ports.watch({ event: 'cluster.looking', reason });
    else this.#ports.onWait(reason);
  }
}
