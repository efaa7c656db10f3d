/** R-ADMIN-1: the handler of `admin` messages. */

import { type AdminMessage, assertNever, encodeFrame, type ErrorCode } from '@rankd/protocol';
import { rejection } from '../frames/command-frames.js';
import type { Session } from '../session/session.js';
import { type CommandPorts, proposeCommand } from './command.js';

/**
 * Appends the move, the removal or the command that an administrator asks for (R-ADMIN-1). A session without the admin token gets a
 * receipt with FORBIDDEN. A server that accepts no commands answers DRAINING or UNAVAILABLE.
 */
export function handleAdmin(
  message: AdminMessage,
  payload: string | undefined,
  session: Session,
  ports: CommandPorts,
): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  const { id } = message;
  if (message.action === 'adopt' && state.request.isAdmin) {
    session.sendMessage(ports.adopt?.() === true ? adopted(id) : rejection(id, 'UNSUPPORTED', 'adopt'));
    return;
  }
  const refusal: ErrorCode | undefined = state.request.isAdmin ? ports.availability.refusal : 'FORBIDDEN';
  if (refusal !== undefined) {
    ports.channels.sendInOrder(session, encodeFrame(rejection(id, refusal)));
    return;
  }
  const member = state.phase === 'active' ? state.member : state;
  const by = { session: session.id, id: member.id, name: member.name };
  const placed = { group: state.request.group, at: session.readAtMs, by, id };
  switch (message.action) {
    case 'move':
      return ports.log.append({ kind: 'moved', ...placed, member: message.member, rank: message.rank });
    case 'remove':
      return ports.log.append({ kind: 'removed', ...placed, member: message.member, reason: message.reason });
    case 'adopt':
      return;
    case 'command':
      return proposeCommand(message, payload, { kind: 'admin', ...by }, state, session, ports);
    default:
      return assertNever(message);
  }
}
