import type { ObserverWelcomeMessage } from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';
import type { Group, Member } from '../../core/index.js';
import { leaderOf } from './view-frame.js';

/** Whose welcome it is. */
interface Host {
  readonly config: ServerConfig;
  readonly serverName: string;
  /** Its servers share one order; undefined where this server has one of its own. */
  readonly cluster: string | undefined;
}

/** R-JOIN-3: a member's place and everything it needs to keep it, as a frame. */
export function memberWelcome(
  host: Host,
  group: Group,
  seat: { readonly member: Member; readonly rank: number; readonly resumed: boolean; readonly secret: string },
): string {
  const { member, rank, resumed, secret } = seat;
  const { id, name, slot } = member;
  const own = JSON.stringify({ member: id, name, rank, slot, resume: secret, resumed });
  const leader = JSON.stringify(leaderOf(group.roster.leader ?? member));
  const { epoch, view, seq, roster } = group;
  // A leader that comes back cannot know whether another led meanwhile: it is told in which view it became rank 0.
  const fence = rank === 0 ? `,"fence":{"epoch":${epoch},"view":${group.leaderView}}` : '';
  const place = `"size":${roster.size},"epoch":${epoch},"view":${view},"seq":${seq},"leader":${leader}${fence}`;
  return `{"type":"welcome",${own.slice(1, -1)},${place},${factsText(host, group.name)}}\n`;
}

let lastFacts: { readonly host: Host; readonly group: string; readonly text: string } | undefined;

/** What is the same for everybody in a group; ten thousand may be welcomed at once. */
function factsText(host: Host, group: string): string {
  if (lastFacts?.host === host && lastFacts.group === group) return lastFacts.text;
  const text = JSON.stringify(serverFacts(host, group)).slice(1, -1);
  lastFacts = { host, group, text };
  return text;
}

/** R-JOIN-3: what an observer sees; the group may have no members yet. */
export function observerWelcome(
  host: Host,
  groupName: string,
  group: Group | undefined,
  observer: { readonly id: string; readonly name: string },
): ObserverWelcomeMessage {
  const leader = group?.roster.leader;
  return {
    type: 'welcome',
    ...serverFacts(host, groupName),
    size: group?.roster.size ?? 0,
    epoch: group?.epoch ?? 0,
    view: group?.view ?? 0,
    seq: group?.seq ?? 0,
    member: observer.id,
    name: observer.name,
    resumed: false,
    ...(leader === undefined ? {} : { leader: leaderOf(leader) }),
  };
}

function serverFacts(
  { config, serverName: server, cluster }: Host,
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
