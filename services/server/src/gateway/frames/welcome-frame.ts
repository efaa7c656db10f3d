import type { ObserverWelcomeMessage } from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';
import type { Group, Member } from '../../core/index.js';
import { leaderEntry } from './message-parts.js';

/** What a welcome says of the server that sends it. */
export interface WelcomeSettings {
  readonly config: ServerConfig;
  readonly serverName: string;
  /** Undefined if this server is alone. */
  readonly cluster: string | undefined;
}

/** Encodes welcomes (R-JOIN-3): a session's place in its group and everything it needs to keep it. */
export class WelcomeFrames {
  readonly #settings: WelcomeSettings;
  /** What is the same for every session of the group that was welcomed last; ten thousand may join at once. */
  #lastFacts = { group: '', text: '' };

  constructor(settings: WelcomeSettings) {
    this.#settings = settings;
  }

  encodeMemberWelcome(
    group: Group,
    seat: { readonly member: Member; readonly rank: number; readonly resumed: boolean; readonly secret: string },
  ): string {
    const { member, rank, resumed, secret } = seat;
    const { id, name, slot } = member;
    const own = JSON.stringify({ member: id, name, rank, slot, resume: secret, resumed });
    const leader = JSON.stringify(leaderEntry(group.roster.leader ?? member));
    const { epoch, view, seq, roster } = group;
    // A leader that comes back cannot know whether another led meanwhile: `fence` is the view in which it became rank 0.
    const fence = rank === 0 ? `,"fence":{"epoch":${epoch},"view":${group.leaderView}}` : '';
    const place = `"size":${roster.size},"epoch":${epoch},"view":${view},"seq":${seq},"leader":${leader}${fence}`;
    return `{"type":"welcome",${own.slice(1, -1)},${place},${this.#factsText(group.name)}}\n`;
  }

  #factsText(group: string): string {
    const last = this.#lastFacts;
    if (last.group === group && last.text !== '') return last.text;
    const text = JSON.stringify(serverFacts(this.#settings, group)).slice(1, -1);
    this.#lastFacts = { group, text };
    return text;
  }

  /** What an observer sees; the group may have no members yet. */
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
  { config, serverName: server, cluster }: WelcomeSettings,
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
    features: [],
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
