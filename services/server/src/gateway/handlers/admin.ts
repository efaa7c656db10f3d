import { assertNever, type AdminMessage } from '@rankd/protocol';
import type { Gateway } from '../gateway.js';
import { rejection } from '../frames/command-frames.js';
import { proposeCommand } from './propose-command.js';
import type { Session } from '../session/session.js';

/** R-ADMIN-1: for sessions that said the admin token; anyone else is refused. */
export function handleAdmin(
  message: AdminMessage,
  payload: string | undefined,
  session: Session,
  gateway: Gateway,
): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  const { id } = message;
  if (!state.asked.isAdmin) {
    session.say(rejection(id, 'FORBIDDEN'));
    return;
  }
  if (gateway.refusal !== undefined) {
    session.say(rejection(id, gateway.refusal));
    return;
  }
  const member = state.phase === 'active' ? state.member : state;
  const by = { session: session.id, id: member.id, name: member.name };
  const placed = { group: state.asked.group, at: session.readAtMs, by, id };
  switch (message.action) {
    case 'move':
      return gateway.log.append({ kind: 'moved', ...placed, member: message.member, rank: message.rank });
    case 'remove':
      return gateway.log.append({ kind: 'removed', ...placed, member: message.member, reason: message.reason });
    case 'command':
      return proposeCommand(message, payload, { kind: 'admin', ...by }, state, session, gateway);
    default:
      return assertNever(message);
  }
}
