import { limits, type AdminCommandMessage, type CommandMessage, type Target as WireTarget } from '@rankd/protocol';
import type { CommandSource, Target } from '../../core/index.js';
import type { Gateway } from '../gateway.js';
import { fitsIn } from '../frames/payload.js';
import type { Session } from '../session/session.js';
import type { ActiveState, ObservingState } from '../session/session-state.js';

/** Proposes a command; authority is judged at its place in the order. */
export function proposeCommand(
  command: CommandMessage | AdminCommandMessage,
  payload: string | undefined,
  from: CommandSource,
  state: ActiveState | ObservingState,
  session: Session,
  gateway: Gateway,
): void {
  const { id, name, reply = 'outcome', deadlineMs = limits.deadlineMsDefault } = command;
  if (!fitsIn(payload, gateway.payloadBytesMax)) {
    gateway.refuseCommand(session, state, command, 'PAYLOAD_TOO_LARGE');
    return;
  }
  if (gateway.refusal !== undefined) {
    gateway.refuseCommand(session, state, command, gateway.refusal);
    return;
  }
  state.commandsSent += 1;
  gateway.log.append({
    kind: 'command',
    group: state.asked.group,
    at: session.readAtMs,
    from,
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
