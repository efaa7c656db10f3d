import { randomBytes } from 'node:crypto';
import type { WelcomeMessage } from '@rankd/protocol';
import type { ServerConfig } from '../config.js';
import type { Group, Member } from '../core/index.js';

/** R-JOIN-3: a member's place and everything it needs to keep it. */
export function welcomeMessage(
  config: ServerConfig,
  server: string,
  group: Group,
  member: Member,
  rank: number,
): WelcomeMessage {
  const leader = group.roster.leader ?? member;
  return {
    type: 'welcome',
    protocol: 1,
    features: [],
    server,
    group: group.name,
    member: member.id,
    name: member.name,
    rank,
    size: group.roster.size,
    slot: member.slot,
    leader: { member: leader.id, name: leader.name },
    membersMax: config.RANKD_MEMBERS_MAX,
    epoch: group.epoch,
    view: group.view,
    seq: group.seq,
    resume: randomBytes(24).toString('base64url'),
    resumed: false,
    heartbeatMs: config.RANKD_HEARTBEAT_MS,
    suspendMs: config.RANKD_SUSPEND_MS,
    deadMs: config.RANKD_DEAD_MS,
    frameBytesMax: config.RANKD_FRAME_BYTES_MAX,
  };
}
