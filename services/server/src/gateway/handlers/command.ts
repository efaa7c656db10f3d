import type { CommandMessage } from '@rankd/protocol';
import type { CommandSource } from '../../core/index.js';
import type { Gateway } from '../gateway.js';
import { proposeCommand } from './propose-command.js';
import type { Session } from '../session/session.js';

/** R-CMD-1: only members send commands. */
export function handleCommand(
  command: CommandMessage,
  payload: string | undefined,
  session: Session,
  gateway: Gateway,
): void {
  const { state } = session;
  if (state.phase === 'active') {
    const from: CommandSource = { kind: 'member', member: state.member.id, session: session.id };
    proposeCommand(command, payload, from, state, session, gateway);
  } else if (state.phase === 'observing') {
    gateway.refuseCommand(session, state, command, 'NOT_A_MEMBER');
  }
}
