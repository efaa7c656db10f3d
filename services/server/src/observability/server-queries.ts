/** Answers the queries about this server's groups and state. */

import type { GroupSummary } from '@rankd/protocol';
import type { Group } from '../core/index.js';
import { rosterRow } from '../roster-rows.js';
import type { ClusterReadiness, GroupQueries, MirrorReadiness, Readiness, RosterListing } from './group-queries.js';
import type { GaugeSources, GroupGauges } from './metrics/gauges.js';

/** The values that the queries read from the gateway that accepts sessions now. */
interface GatewaySource {
  readonly groups: { get(name: string): Group | undefined; values(): Iterable<Group> };
  readonly observers: number;
  readonly sessions: number;
  /** Returns the largest backlog of any session. Visits all sessions. */
  readonly backlogBytesLargest: () => number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** The values that the queries read from the cluster server. */
interface ClusterSource {
  readonly isReady: boolean;
  readonly readiness: ClusterReadiness;
  followGroup(group: string | undefined): Promise<void>;
}

/** The values that the queries read from the mirror. */
interface MirrorSource {
  readonly isUp: boolean;
  readonly lagViews: number;
  readonly reason: string | undefined;
}

/** The sources of the answers. A source that may change while the server runs is a function, which returns undefined if there is none. */
export interface QuerySources {
  readonly membersMax: number;
  readonly logSink: { readonly linesDropped: number };
  readonly mirror: MirrorSource | undefined;
  readonly state: () => Readiness['state'];
  /** Why this server admits no members, if Redis is the reason. Undefined otherwise. */
  readonly refusal: () => { readonly state: Readiness['state']; readonly reason: string } | undefined;
  readonly gateway: () => GatewaySource | undefined;
  readonly cluster: () => ClusterSource | undefined;
}

/** Answers the queries of the side port, the activity samples and the metrics from the present state of this server. */
export class ServerQueries implements GroupQueries, GaugeSources {
  readonly #sources: QuerySources;

  constructor(sources: QuerySources) {
    this.#sources = sources;
  }

  async followGroup(group: string | undefined): Promise<void> {
    await this.#sources.cluster()?.followGroup(group);
  }

  listGroups(): GroupSummary[] {
    return this.#groups.map(({ name, epoch, view, roster, waiting }) => ({
      group: name,
      epoch,
      view,
      size: roster.size,
      waiting: waiting.length,
      membersMax: this.membersMax,
      leader: roster.leader === undefined ? null : { member: roster.leader.id, name: roster.leader.name },
    }));
  }

  readRoster(name: string): RosterListing | undefined {
    const group = this.#group(name);
    if (group === undefined) return undefined;
    const { epoch, view, roster } = group;
    return { group: name, epoch, view, size: roster.size, members: roster.slice().map(rosterRow) };
  }

  countWaiting(name: string): number {
    return this.#group(name)?.waiting.length ?? 0;
  }

  readReadiness(): Readiness {
    const { mirror, state } = this.#sources;
    const cluster = this.#sources.cluster();
    const refusal = state() === 'draining' ? undefined : this.#sources.refusal();
    const reason = refusal?.reason ?? cluster?.readiness.reason;
    return {
      ready: state() === 'accepting' && refusal === undefined && (cluster?.isReady ?? true),
      state: refusal?.state ?? state(),
      ...(reason === undefined ? {} : { reason }),
      ...(cluster === undefined ? {} : { cluster: cluster.readiness }),
      mirror: mirror === undefined ? { state: 'none' } : toMirrorReadiness(mirror),
    };
  }

  readGroupGauges(): GroupGauges[] {
    return this.#groups.map(({ name, roster, waiting, view }) => ({
      name,
      members: roster.size,
      waiting: waiting.length,
      view,
      isLeaderPresent: roster.leader?.presence.kind === 'present',
    }));
  }

  /** The number of members in all groups. */
  get members(): number {
    return this.#groups.reduce((sum, { roster }) => sum + roster.size, 0);
  }

  get membersMax(): number {
    return this.#sources.membersMax;
  }

  get observers(): number {
    return this.#sources.gateway()?.observers ?? 0;
  }

  get sessions(): number {
    return this.#sources.gateway()?.sessions ?? 0;
  }

  get backlogBytesLargest(): number {
    return this.#sources.gateway()?.backlogBytesLargest() ?? 0;
  }

  get receivedBytes(): number {
    return this.#sources.gateway()?.receivedBytes ?? 0;
  }

  get sentBytes(): number {
    return this.#sources.gateway()?.sentBytes ?? 0;
  }

  get logLinesDropped(): number {
    return this.#sources.logSink.linesDropped;
  }

  get cluster(): ClusterReadiness | undefined {
    return this.#sources.cluster()?.readiness;
  }

  get mirror(): { readonly up: boolean; readonly lagViews: number } | undefined {
    const { mirror } = this.#sources;
    return mirror === undefined ? undefined : { up: mirror.isUp, lagViews: mirror.lagViews };
  }

  get #groups(): Group[] {
    return [...(this.#sources.gateway()?.groups.values() ?? [])];
  }

  #group(name: string): Group | undefined {
    return this.#sources.gateway()?.groups.get(name);
  }
}

function toMirrorReadiness({ isUp, lagViews, reason }: MirrorSource): MirrorReadiness {
  return { state: isUp ? 'up' : 'down', lagViews, reason };
}
