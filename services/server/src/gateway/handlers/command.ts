/** R-CMD-1: the handler of `command` messages. */

import {
  type AdminCommandMessage,
  type CommandMessage,
  encodeFrame,
  limits,
  type Target as WireTarget,
} from '@rankd/protocol';
import type { CommandSource, Target } from '../../core/index.js';
import type { Availability } from '../availability.js';
import type { EventReporter } from '../delivery/event-reporter.js';
import type { GroupChannels } from '../delivery/group-channels.js';
import type { LogIntake } from '../flow/log-intake.js';
import { rejection } from '../frames/command-frames.js';
import { fitsIn } from '../frames/json-text.js';
import type { ActiveState, ObservingState } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { Refusal } from '../shutdown.js';

/** The parts of the gateway that the handlers of commands use. `payloadBytesMax` limits `args` (R-FRAME-2). */
export interface CommandPorts {
  readonly payloadBytesMax: number;
  readonly intake: Pick<LogIntake, 'append' | 'allowsCommand' | 'runInOrder'>;
  readonly channels: Pick<GroupChannels, 'sendInOrder'>;
  readonly events: Pick<EventReporter, 'reportOwn'>;
  readonly availability: Pick<Availability, 'refusal'>;
}

type Command = CommandMessage | AdminCommandMessage;

/** Appends the command of a member (R-CMD-1). An observer gets a receipt with NOT_A_MEMBER. `payload` is the JSON text of `args`. */
export function handleCommand(
  command: CommandMessage,
  payload: string | undefined,
  session: Session,
  ports: CommandPorts,
): void {
  const { state } = session;
  if (state.phase === 'active') {
    const from: CommandSource = { kind: 'member', member: state.member.id, session: session.id };
    proposeCommand(command, payload, from, state, session, ports);
  } else if (state.phase === 'observing') {
    refuseCommand(command, 'NOT_A_MEMBER', state, session, ports);
  }
}

/**
 * Appends a command of a member or an administrator. The core decides who executes it (R-CMD-2). The sender gets a receipt with
 * PAYLOAD_TOO_LARGE, DRAINING, UNAVAILABLE or RATE_LIMITED if the command is not appended.
 */
export function proposeCommand(
  command: Command,
  payload: string | undefined,
  from: CommandSource,
  state: ActiveState | ObservingState,
  session: Session,
  ports: CommandPorts,
): void {
  const { id, name, reply = 'outcome', deadlineMs = limits.deadlineMsDefault } = command;
  const { availability, intake, payloadBytesMax } = ports;
  // R-ADMIN-1: the commands of an administrator count for its session, also if it is a member.
  const sender = from.kind === 'member' && state.phase === 'active' ? state.member : session;
  const unfit = fitsIn(payload, payloadBytesMax) ? availability.refusal : 'PAYLOAD_TOO_LARGE';
  const refusal = unfit ?? (intake.allowsCommand(sender) ? undefined : 'RATE_LIMITED');
  if (refusal !== undefined) {
    refuseCommand(command, refusal, state, session, ports);
    return;
  }
  state.commandsSent += 1;
  intake.append({
    kind: 'command',
    group: state.request.group,
    at: session.readAtMs,
    from,
    n: state.commandsSent,
    afterHelloMs: Math.floor(session.readMonotonicMs - state.request.helloMonotonicMs),
    id,
    name,
    target: targetOf(command.to ?? 'below'),
    deadlineMs,
    reply,
    payload,
  });
}

/**
 * Sends the receipt of a command that this server refuses without asking the log (R-CMD-3). The receipt waits until the session's earlier
 * commands have theirs. It does not wait if this server accepts no commands, because the log possibly never decides about the earlier ones.
 */
export function refuseCommand(
  { id, name }: Command,
  code: 'PAYLOAD_TOO_LARGE' | 'NOT_A_MEMBER' | 'RATE_LIMITED' | Refusal,
  state: ActiveState | ObservingState,
  session: Session,
  { channels, events, payloadBytesMax, intake }: CommandPorts,
): void {
  const detail = code === 'PAYLOAD_TOO_LARGE' ? `at most ${payloadBytesMax} bytes` : undefined;
  const sender = state.phase === 'active' ? state.member : state;
  const rank = state.phase === 'active' ? state.group.roster.rankOf(state.member) : -1;
  const facts = { group: state.request.group, name, member: sender.id, from: sender.name, rank };
  const refuse = (): void => {
    const receipt = rejection(id, code, detail);
    // This receipt has no place in the order. If it were held, the client might never learn that the command is refused.
    if (session.outbox.isHeld) session.sendAhead(receipt);
    else channels.sendInOrder(session, encodeFrame(receipt));
    events.reportOwn({ event: 'command.refused', ...facts, code });
  };
  if (code === 'DRAINING' || code === 'UNAVAILABLE') refuse();
  else intake.runInOrder(session, refuse);
}

function targetOf(to: WireTarget): Target {
  if (to === 'below' || to === 'all') return { kind: to };
  if ('ranks' in to) return { kind: 'ranks', ranks: to.ranks };
  if ('members' in to) return { kind: 'members', members: to.members };
  if ('names' in to) return { kind: 'names', names: to.names };
  return { kind: 'tags', tags: to.tags };
}
