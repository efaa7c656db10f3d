/**
 * The table of error codes. A code is part of the protocol: it is never renamed and never used for something else (R-BYE-1). The
 * sentences are for people and may change.
 */

/** One row of the table. */
export interface ErrorEntry {
  /** Where a user meets the code. */
  readonly on: readonly ErrorPlace[];
  /** Whether the same action may succeed later, unchanged. */
  readonly retry: boolean;
  /** What has happened. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
}

/**
 * Where a user meets a code.
 * - `bye`: the session ends.
 * - `receipt`: a command was not accepted.
 * - `refused`: one target of a command may not execute it.
 * - `error`: the answer to another message.
 * - `result`: a recipient did not execute the command.
 * - `library`: @rankd/client throws it.
 */
export type ErrorPlace = 'bye' | 'receipt' | 'refused' | 'error' | 'result' | 'library';

const entry = (on: readonly ErrorPlace[], retry: boolean, meaning: string, remedy: string): ErrorEntry => ({
  on,
  retry,
  meaning,
  remedy,
});

/** The table of all codes. */
export const errorCodes = {
  FULL: entry(
    ['bye'],
    true,
    'there is no place left: in the group, among the groups, or among the observers',
    'wait for a place, or raise the limit that is named',
  ),
  HELLO_TIMEOUT: entry(['bye'], true, 'no hello came in time', 'send hello as the first frame, right after connecting'),
  HEARTBEAT_TIMEOUT: entry(
    ['bye'],
    true,
    'pings went unanswered for deadMs',
    'answer each ping with a pong of the same n at once',
  ),
  SLOW_CONSUMER: entry(
    ['bye'],
    true,
    'what was sent was not read in time',
    'read faster, or do the work apart from reading',
  ),
  RATE_LIMITED: entry(['bye', 'receipt', 'error'], true, 'more than the limit allows', 'slow down and send it again'),
  DRAINING: entry(['bye', 'receipt'], true, 'the server is going down', 'come back after retryAfterMs'),
  UNAVAILABLE: entry(['bye'], true, 'the server cannot serve now', 'try again, or try another server'),
  UNAUTHORIZED: entry(['bye'], false, 'the token is missing or wrong', 'send the token of this server in hello'),
  UNSUPPORTED: entry(
    ['bye'],
    false,
    'the server lacks what was asked for',
    'ask for protocol 1 and no more features than welcome names',
  ),
  HELLO_EXPECTED: entry(['bye'], false, 'another frame came before hello', 'send hello first'),
  FRAME_TOO_LARGE: entry(
    ['bye'],
    false,
    'a frame was longer than it may be',
    'send less at once; the limit is frameBytesMax, and 4096 bytes before welcome',
  ),
  BAD_FRAME: entry(
    ['bye'],
    false,
    'a line was not one JSON object in UTF-8',
    'send one JSON object a line, nested no deeper than 32, without the key __proto__',
  ),
  BAD_MESSAGE: entry(
    ['bye'],
    false,
    'a message has an unknown type, or a field that is missing or not as it should be',
    'mend the field that is named',
  ),
  REPLACED: entry(
    ['bye'],
    false,
    'a newer session took this seat',
    'nothing, if that was you; else keep the resume secret to one process',
  ),
  REMOVED: entry(['bye'], false, 'an administrator removed this member', 'ask whoever removed it'),
  LEFT: entry(['bye'], false, 'you said leave', 'nothing'),

  OUTRANKED: entry(
    ['receipt', 'refused'],
    false,
    'only a member of larger rank number may execute your commands',
    'aim at members below you',
  ),
  AWAY: entry(
    ['receipt', 'refused'],
    true,
    'the member has lost its connection and may come back',
    'send it again later',
  ),
  NO_SUCH_TARGET: entry(['receipt'], false, 'no member is meant by that', 'look at the roster for who is there'),
  NO_RECIPIENTS: entry(['receipt'], true, 'nobody whom you aimed at is there', 'send it again when there is'),
  DUPLICATE_ID: entry(['receipt'], false, 'a command of yours with that id is still open', 'choose another id'),
  TOO_MANY_OPEN: entry(
    ['receipt'],
    true,
    'too many of your commands are still open',
    'wait for outcomes, or send with reply none',
  ),
  PAYLOAD_TOO_LARGE: entry(
    ['receipt', 'error'],
    false,
    'args or value is longer than frameBytesMax - 1024 bytes',
    'send less, or a reference to it',
  ),
  NOT_A_MEMBER: entry(['receipt'], false, 'only members send commands', 'join as a member'),
  FORBIDDEN: entry(['receipt'], false, 'this needs the admin token', 'say hello with the admin token'),

  LATE_RESULT: entry(
    ['error'],
    false,
    'that command is closed',
    'nothing; its sender has been told that this result is missing',
  ),
  UNEXPECTED_RESULT: entry(
    ['error'],
    false,
    'no result is awaited from you for that seq',
    'answer each command once, with its seq',
  ),

  SUSPENDED: entry(
    ['result'],
    true,
    'the member had not heard the coordinator for too long to act on its rank',
    'send it again when it is back',
  ),
  DEADLINE_PASSED: entry(['result'], false, 'the command arrived after its deadline', 'give commands longer'),
  NO_HANDLER: entry(['result'], false, 'no handler is registered for that command', 'call handle() with its name'),
  HANDLER_FAILED: entry(['result'], false, 'the handler threw', 'see the message'),
  NOT_CONNECTED: entry(
    ['library'],
    true,
    'there is no session with the coordinator now',
    'wait for the next rank event',
  ),
  LEADERSHIP_LOST: entry(['library'], false, 'this member leads no more', 'stop what only the leader may do'),
  PARTITION_LOST: entry(
    ['library'],
    false,
    'this member holds the partition no more',
    'stop what only its holder may do',
  ),
  OUTCOME_UNKNOWN: entry(
    ['library'],
    false,
    'the session ended before the outcome came',
    'assume that any recipient may have done it',
  ),
  CONNECT_FAILED: entry(['library'], true, 'no server could be reached', 'check the address and that the server runs'),
  OTHER_CLUSTER: entry(
    ['library'],
    true,
    'this server keeps another order than the one before it',
    'name servers of one cluster only',
  ),
  ABORTED: entry(['library'], false, 'the signal that was given was aborted', 'nothing'),
  BAD_ARGUMENT: entry(['library'], false, 'an argument is not as it should be', 'mend the argument that is named'),
} as const satisfies Record<string, ErrorEntry>;

/** A code of the table. */
export type ErrorCode = keyof typeof errorCodes;

/** Returns a sentence for people: what has happened and what to do. `detail` names the field, limit or member. */
export function explain(code: ErrorCode, detail?: string): string {
  const { meaning, remedy } = errorCodes[code];
  return `${meaning}${detail === undefined ? '' : ` (${detail})`}: ${remedy}`;
}
