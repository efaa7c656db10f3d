/** Why a command was not accepted, in words for people: in the server's log, in the client's log and in rankctl. */

/**
 * A refusal in words.
 * - `forbidden`: the sender may not send commands to the targets, or to any member.
 * - `unreached`: the sender may send the command, but it reached no member.
 */
export interface CommandRefusal {
  readonly kind: 'forbidden' | 'unreached';
  /** Why the command was refused. `{it}` is a placeholder for the command. */
  readonly reason: string;
}

const forbidden = (reason: string): CommandRefusal => ({ kind: 'forbidden', reason });
const unreached = (reason: string): CommandRefusal => ({ kind: 'unreached', reason });

/**
 * The codes of a receipt that is not accepted (R-CMD-3). UNAVAILABLE comes from a server of a cluster that cannot use the shared order at
 * the moment.
 */
const refusals = {
  OUTRANKED: forbidden('only members with a larger rank number than the sender may execute {it}'),
  NOT_A_MEMBER: forbidden('the sender is an observer, and only members send commands'),
  FORBIDDEN: forbidden('the sender has not sent the admin token'),
  AWAY: unreached('every target is away'),
  NO_SUCH_TARGET: unreached('no member has the rank, id or name that {it} was sent to'),
  NO_RECIPIENTS: unreached('no member can execute {it}'),
  DUPLICATE_ID: unreached('another command of the sender has the same id and is still open'),
  TOO_MANY_OPEN: unreached('too many commands of the sender are still open'),
  RATE_LIMITED: unreached('the sender has sent more commands per second than allowed'),
  PAYLOAD_TOO_LARGE: unreached('the arguments are too long'),
  DRAINING: unreached('the server is stopping'),
  UNAVAILABLE: unreached('the server cannot accept commands now'),
  NOT_CONNECTED: unreached('the sender has no session with a server'),
} as const satisfies Record<string, CommandRefusal>;

/** Returns the refusal for a code. A newer server may send a code that is not in the table. `command` replaces `{it}` in the reason. */
export function commandRefusal(code: string, command = 'it'): CommandRefusal {
  const known: Record<string, CommandRefusal> = refusals;
  const { kind, reason } =
    (Object.hasOwn(known, code) ? known[code] : undefined) ?? unreached('the server refused {it}');
  return { kind, reason: reason.replace('{it}', () => command) };
}
