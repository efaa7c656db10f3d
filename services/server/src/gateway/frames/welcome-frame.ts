/** R-JOIN-3: the frames of `welcome`. */

import type { Feature, ObserverWelcomeMessage } from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';
import type { Group, Member } from '../../core/index.js';
import { leaderEntry } from './message-parts.js';

/** The facts about this server that a welcome contains. `cluster` is undefined if this server has no cluster. */
export interface WelcomeSettings {
  readonly config: ServerConfig;
  readonly serverName: string;
  readonly cluster: string | undefined;
  /** Returns the features that a group has on this server. */
  readonly featuresOf: (group: string) => readonly Feature[];
}

/** Encodes welcomes: a session's place in its group, and all that it needs to keep that place (R-JOIN-3). */
export class WelcomeFrames {
  readonly #settings: WelcomeSettings;
  /**
   * The text that is the same for every session of a group, for the group of the last welcome. It is kept because ten thousand sessions
   * may join at once.
   */
  #lastFacts = { group: '', featureCount: 0, text: '' };

  constructor(settings: WelcomeSettings) {
    this.#settings = settings;
  }

  /** Returns the `welcome` of a member. */
  encodeMemberWelcome(
    group: Group,
    seat: { readonly member: Member; readonly rank: number; readonly resumed: boolean; readonly secret: string },
  ): string {
    const { member, rank, resumed, secret } = seat;
    const { id, name, slot } = member;
    const own = JSON.stringify({ member: id, name, rank, slot, resume: secret, resumed });
    const leader = JSON.stringify(leaderEntry(group.roster.leader ?? member));
    const { epoch, view, seq, roster } = group;
    // A resumed leader cannot know whether another member led while it was away. `fence` is the view in which it became rank 0.
    const fence = rank === 0 ? `,"fence":{"epoch":${epoch},"view":${group.leaderView}}` : '';
    const place = `"size":${roster.size},"epoch":${epoch},"view":${view},"seq":${seq},"leader":${leader}${fence}`;
    return `{"type":"welcome",${own.slice(1, -1)},${place},${this.#factsText(group.name)}}\n`;
  }

  #factsText(group: string): string {
    const last = this.#lastFacts;
    // A group only ever gets more features.
    const featureCount = this.#settings.featuresOf(group).length;
    if (last.group === group && last.featureCount === featureCount && last.text !== '') return last.text;
    const text = JSON.stringify(serverFacts(this.#settings, group)).slice(1, -1);
    this.#lastFacts = { group, featureCount, text };
    return text;
  }

  /** Returns the `welcome` of an observer. `group` is undefined if it has no members. */
  observerWelcome(
    groupName: string,
    group: Group | undefined,
    observer: { readonly id: string; readonly name: string },
  ): ObserverWelcomeMessage {
    const leader = group?.roster.leader;
    return {
      type: 'welcome',
      ...serverFacts(this.#settings, groupName),
      size: group?.roster.size ?? 0,
      epoch: group?.epoch ?? 0,
      view: group?.view ?? 0,
      seq: group?.seq ?? 0,
      member: observer.id,
      name: observer.name,
      resumed: false,
      ...(leader === undefined ? {} : { leader: leaderEntry(leader) }),
    };
  }
}

function serverFacts(
  { config, serverName: server, cluster, featuresOf }: WelcomeSettings,
  group: string,
): Pick<
  ObserverWelcomeMessage,
  | 'protocol'
  | 'cluster'
  | 'features'
  | 'server'
  | 'group'
  | 'membersMax'
  | 'heartbeatMs'
  | 'suspendMs'
  | 'deadMs'
  | 'frameBytesMax'
> {
  return {
    protocol: 1,
    features: [...featuresOf(group)],
    server,
    ...(cluster === undefined ? {} : { cluster }),
    group,
    membersMax: config.RANKD_MEMBERS_MAX,
    heartbeatMs: config.RANKD_HEARTBEAT_MS,
    suspendMs: config.RANKD_SUSPEND_MS,
    deadMs: config.RANKD_DEAD_MS,
    frameBytesMax: config.RANKD_FRAME_BYTES_MAX,
  };
}
