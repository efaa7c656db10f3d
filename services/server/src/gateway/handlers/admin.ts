/** R-ADMIN-1: the handler of `admin` messages. */

import { type AdminMessage, assertNever, encodeFrame, type ErrorCode } from '@rankd/protocol';
import { adoptionReceipt, rejection } from '../frames/command-frames.js';
import type { Session } from '../session/session.js';
import { type CommandPorts, proposeCommand } from './command.js';

/** The parts of the gateway that handleAdmin uses. */
export interface AdminPorts extends CommandPorts {
  /** Accepts what Redis has as the new cluster. Returns false if the server does not wait for a lost one. */
  readonly adopt: () => boolean;
}

/**
 * Appends the move, the removal or the command that an administrator asks for (R-ADMIN-1). A session without the admin token gets a
 * receipt with FORBIDDEN. A server that accepts no commands answers DRAINING or UNAVAILABLE.
 */
export function handleAdmin(
  message: AdminMessage,
  payload: string | undefined,
  session: Session,
  ports: AdminPorts,
): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  const { id } = message;
  const isAdoption = message.action === 'adopt';
  const refusal: ErrorCode | undefined = !state.request.isAdmin
    ? 'FORBIDDEN'
    : isAdoption
      ? undefined
      : ports.availability.refusal;
  if (refusal !== undefined) {
    ports.channels.sendInOrder(session, encodeFrame(rejection(id, refusal)));
    return;
  }
  const member = state.phase === 'active' ? state.member : state;
  const by = { session: session.id, id: member.id, name: member.name };
  const placed = { group: state.request.group, at: session.readAtMs, by, id };
  switch (message.action) {
    case 'move':
      return ports.intake.append({ kind: 'moved', ...placed, member: message.member, rank: message.rank });
    case 'remove':
      return ports.intake.append({ kind: 'removed', ...placed, member: message.member, reason: message.reason });
    case 'adopt':
      return session.sendMessage(
        ports.adopt()
          ? adoptionReceipt(id)
          : rejection(id, 'NO_SUCH_TARGET', 'this server does not wait for a lost cluster'),
      );
    case 'command':
      return proposeCommand(message, payload, { kind: 'admin', ...by }, state, session, ports);
    default:
      return assertNever(message);
  }
}
