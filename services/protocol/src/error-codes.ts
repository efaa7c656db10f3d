/**
 * The table of error codes. A code is part of the protocol: it is never renamed, and its meaning never changes (R-BYE-1). The sentences are
 * for people and may change.
 */

/** One row of the table. */
export interface ErrorEntry {
  /** Where a user meets the code. */
  readonly on: readonly ErrorPlace[];
  /** Whether the same action may succeed later, unchanged. */
  readonly retry: boolean;
  /** What has happened. */
  readonly meaning: string;
  /** What to do next. Undefined if there is nothing to do. */
  readonly remedy: string | undefined;
}

/**
 * Where a user meets a code.
 * - `bye`: the session ends.
 * - `receipt`: a command was not accepted.
 * - `refused`: one target of a command must not execute it.
 * - `error`: the answer to another message.
 * - `result`: a recipient did not execute the command.
 * - `library`: @rankd/client throws it.
 */
export type ErrorPlace = 'bye' | 'receipt' | 'refused' | 'error' | 'result' | 'library';

const entry = (on: readonly ErrorPlace[], retry: boolean, meaning: string, remedy?: string): ErrorEntry => ({
  on,
  retry,
  meaning,
  remedy,
});

/** The table of all codes. */
export const errorCodes = {
  FULL: entry(['bye'], true, 'a limit of the server is reached', 'try again later, or raise the limit'),
  HELLO_TIMEOUT: entry(
    ['bye'],
    true,
    'no hello arrived in time',
    'send hello as the first frame, directly after connecting',
  ),
  HEARTBEAT_TIMEOUT: entry(
    ['bye'],
    true,
    'the session did not answer pings',
    'answer each ping at once with a pong of the same n',
  ),
  SLOW_CONSUMER: entry(
    ['bye'],
    true,
    'the session did not read fast enough',
    'read continuously, and do slow work outside the code that reads',
  ),
  RATE_LIMITED: entry(['bye', 'receipt', 'error'], true, 'the rate limit is exceeded', 'wait, then try again'),
  DRAINING: entry(['bye', 'receipt'], true, 'the server is stopping', 'reconnect after retryAfterMs'),
  UNAVAILABLE: entry(
    ['bye'],
    true,
    'the server accepts no sessions at the moment',
    'try again after retryAfterMs, or try another server',
  ),
  UNAUTHORIZED: entry(
    ['bye'],
    false,
    'the token or the client certificate is missing or wrong',
    'send the token of this server in hello (RANKD_TOKEN or RANKD_TOKEN_FILE), or use a certificate of its CA',
  ),
  UNSUPPORTED: entry(
    ['bye', 'error', 'library'],
    false,
    'the server does not support what the client asks for',
    'use protocol 1, and no feature that this server lacks',
  ),
  HELLO_EXPECTED: entry(['bye'], false, 'another frame arrived before hello', 'send hello first'),
  FRAME_TOO_LARGE: entry(
    ['bye'],
    false,
    'a frame exceeds the limit',
    'send frames of at most 4096 bytes before welcome, and of at most frameBytesMax bytes after it',
  ),
  BAD_FRAME: entry(
    ['bye'],
    false,
    'a line is not one JSON object in UTF-8',
    'send one JSON object per line, nested at most 32 deep, without the key __proto__',
  ),
  BAD_MESSAGE: entry(
    ['bye'],
    false,
    'a message has an unknown type, or a field that is missing or invalid',
    'correct the message',
  ),
  REPLACED: entry(
    ['bye'],
    false,
    'a newer session resumed this seat',
    'if you did not reconnect, another process uses the same resume secret; use each secret in one process only',
  ),
  REMOVED: entry(['bye'], false, 'an administrator removed this member', 'ask the administrator before you join again'),
  LEFT: entry(['bye'], false, 'the client sent leave'),

  OUTRANKED: entry(
    ['receipt', 'refused'],
    false,
    'only members with a larger rank number may execute your commands',
    'send commands to your subordinates',
  ),
  AWAY: entry(
    ['receipt', 'refused'],
    true,
    'the member lost its connection and may resume',
    'send the command again later',
  ),
  NO_SUCH_TARGET: entry(
    ['receipt'],
    false,
    'no member has the rank, id or name of the target',
    'compare the target with the roster',
  ),
  NO_RECIPIENTS: entry(
    ['receipt'],
    true,
    '`below`, `all` or the tags of the target match no member at the moment',
    'send the command again when members have joined',
  ),
  DUPLICATE_ID: entry(['receipt'], false, 'a command with this id is still open', 'use another id'),
  TOO_MANY_OPEN: entry(
    ['receipt'],
    true,
    'too many commands of this member are open',
    'wait for outcomes, or send commands with reply none',
  ),
  PAYLOAD_TOO_LARGE: entry(
    ['receipt', 'error'],
    false,
    'the command or the result is too large',
    'send at most frameBytesMax - 1024 bytes of args or value, for example a reference to the data',
  ),
  NOT_A_MEMBER: entry(['receipt'], false, 'only members may send commands', 'join with the role member'),
  FORBIDDEN: entry(
    ['receipt', 'error'],
    false,
    'this request needs the admin token',
    'send the admin token in hello (RANKD_ADMIN_TOKEN or RANKD_ADMIN_TOKEN_FILE)',
  ),

  LATE_RESULT: entry(
    ['error'],
    false,
    'the command ended before this result arrived, so its outcome does not contain the result',
  ),
  UNEXPECTED_RESULT: entry(
    ['error'],
    false,
    'the server expects no result from this member for that seq',
    'send one result for each command, with its seq',
  ),

  SUSPENDED: entry(
    ['result'],
    true,
    'the member was suspended and did not act on its rank',
    'send the command again when the member is no longer suspended',
  ),
  DEADLINE_PASSED: entry(['result'], false, 'the command arrived after its deadline', 'use a longer deadline'),
  NO_HANDLER: entry(['result'], false, 'the member has no handler for the command', 'register a handler with handle()'),
  NOT_RUNNING: entry(
    ['result'],
    true,
    'the program of the member does not run at the moment',
    'send the command again when it runs',
  ),
  HANDLER_FAILED: entry(
    ['result'],
    false,
    'the handler threw an error',
    'correct the handler; the message of this error is that of the thrown error',
  ),
  NOT_CONNECTED: entry(
    ['library'],
    true,
    'there is no session with the server at the moment',
    'wait for the next rank event',
  ),
  LEADERSHIP_LOST: entry(
    ['library'],
    false,
    'this member is no longer the leader',
    'stop the work that only the leader may do',
  ),
  PARTITION_LOST: entry(
    ['library'],
    false,
    'this member no longer holds the partition',
    'stop the work on the partition',
  ),
  OUTCOME_UNKNOWN: entry(
    ['library'],
    false,
    'the session ended before the outcome arrived',
    'assume that any recipient may have executed the command',
  ),
  CONNECT_FAILED: entry(
    ['library'],
    true,
    'no server was reached, or none answered in time',
    'check the address, and that the server runs',
  ),
  OTHER_CLUSTER: entry(
    ['library'],
    true,
    'this server belongs to another cluster than the server of the last session',
    'list only servers of one cluster in the URL',
  ),
  ABORTED: entry(['library'], false, 'the given signal was aborted'),
  BAD_ARGUMENT: entry(['library'], false, 'an argument is invalid', 'correct the argument'),
} as const satisfies Record<string, ErrorEntry>;

/** A code of the table. */
export type ErrorCode = keyof typeof errorCodes;

/** Returns a sentence for people: what has happened and what to do. `detail` names the field, limit or member. */
export function explain(code: ErrorCode, detail?: string): string {
  const { meaning, remedy } = errorCodes[code];
  return `${meaning}${detail === undefined ? '' : ` (${detail})`}${remedy === undefined ? '' : `: ${remedy}`}`;
}
