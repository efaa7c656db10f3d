import { limits, type CommandMessage, type Target as WireTarget } from '@rankd/protocol';
import type { Target } from '../../core/index.js';
import { rejection } from '../frames.js';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session.js';
import { payloadOf } from '../payload.js';

/** R-CMD-1: proposes the command; authority is judged at its place in the order. */
export function handleCommand(command: CommandMessage, session: Session, gateway: Gateway): void {
  const { state } = session;
  if (state.phase !== 'active') return;
  const { id, name, reply = 'outcome', deadlineMs = limits.deadlineMsDefault } = command;
  const payload = payloadOf(command.args);
  if (payload !== undefined && Buffer.byteLength(payload) > gateway.payloadBytesMax) {
    gateway.refuseCommand(
      session,
      rejection(id, 'PAYLOAD_TOO_LARGE', `at most ${gateway.payloadBytesMax} bytes`),
      name,
    );
    return;
  }
  state.commandsSent += 1;
  gateway.log.append({
    kind: 'command',
    group: state.group.name,
    at: gateway.clock.wallMs(),
    member: state.member.id,
    n: state.commandsSent,
    id,
    name,
    target: targetOf(command.to ?? 'below'),
    deadlineMs,
    reply,
    payload,
  });
}

function targetOf(to: WireTarget): Target {
  if (to === 'below' || to === 'all') return { kind: to };
  if ('ranks' in to) return { kind: 'ranks', ranks: to.ranks };
  if ('members' in to) return { kind: 'members', members: to.members };
  if ('names' in to) return { kind: 'names', names: to.names };
  return { kind: 'tags', tags: to.tags };
}
