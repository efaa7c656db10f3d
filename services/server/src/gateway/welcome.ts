import type { ObserverWelcomeMessage, WelcomeMessage } from '@rankd/protocol';
import type { ServerConfig } from '../config.js';
import type { Group, Member } from '../core/index.js';
import { leaderOf } from './frames.js';

/** R-JOIN-3: a member's place and everything it needs to keep it. */
export function memberWelcome(
  config: ServerConfig,
  server: string,
  group: Group,
  seat: { readonly member: Member; readonly rank: number; readonly resumed: boolean; readonly secret: string },
): WelcomeMessage {
  const { member, rank, resumed, secret } = seat;
  return {
    ...groupFacts(config, server, group.name, group),
    member: member.id,
    name: member.name,
    rank,
    slot: member.slot,
    leader: leaderOf(group.roster.leader ?? member),
    resume: secret,
    resumed,
  };
}

/** R-JOIN-3: what an observer sees; the group may have no members yet. */
export function observerWelcome(
  config: ServerConfig,
  server: string,
  groupName: string,
  group: Group | undefined,
  observer: { readonly id: string; readonly name: string },
): ObserverWelcomeMessage {
  const leader = group?.roster.leader;
  return {
    ...groupFacts(config, server, groupName, group),
    member: observer.id,
    name: observer.name,
    resumed: false,
    ...(leader === undefined ? {} : { leader: leaderOf(leader) }),
  };
}

type GroupFacts = Pick<WelcomeMessage, keyof WelcomeMessage & keyof ObserverWelcomeMessage>;

function groupFacts(
  config: ServerConfig,
  server: string,
  name: string,
  group: Group | undefined,
): Omit<GroupFacts, 'member' | 'name' | 'resumed' | 'leader'> {
  return {
    type: 'welcome',
    protocol: 1,
    features: [],
    server,
    group: name,
    size: group?.roster.size ?? 0,
    membersMax: config.RANKD_MEMBERS_MAX,
    epoch: group?.epoch ?? 0,
    view: group?.view ?? 0,
    seq: group?.seq ?? 0,
    heartbeatMs: config.RANKD_HEARTBEAT_MS,
    suspendMs: config.RANKD_SUSPEND_MS,
    deadMs: config.RANKD_DEAD_MS,
    frameBytesMax: config.RANKD_FRAME_BYTES_MAX,
  };
}
