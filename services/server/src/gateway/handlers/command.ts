import type { CommandMessage } from '@rankd/protocol';
import type { CommandSource } from '../../core/index.js';
import type { Session } from '../session/session.js';
import { proposeCommand, refuseCommand, type ProposeCommandPorts } from './propose-command.js';

/** R-CMD-1: only members send commands. */
export function handleCommand(
  command: CommandMessage,
  payload: string | undefined,
  session: Session,
  ports: ProposeCommandPorts,
): void {
  const { state } = session;
  if (state.phase === 'active') {
    const from: CommandSource = { kind: 'member', member: state.member.id, session: session.id };
    proposeCommand(command, payload, from, state, session, ports);
  } else if (state.phase === 'observing') {
    refuseCommand(command, 'NOT_A_MEMBER', state, session, ports);
  }
}
