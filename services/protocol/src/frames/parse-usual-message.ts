/** A fast path for the most frequent messages. */

import type { ClientMessage, CommandMessage, ResultMessage } from '../schemas/client-messages.js';

/** A message, and the JSON text of its `args` or `value` as its sender wrote it. */
export interface MessageRead {
  readonly message: ClientMessage;
  readonly payload: string | undefined;
}

/** Printable ASCII that needs no escape in JSON. */
const plain = '[ !#-[\\]-~]';
const word = `${plain}{1,64}`;
const scalar = `"${plain}*"|-?[1-9]\\d{0,14}|0|true|false|null`;
const number = '0|[1-9]\\d{0,14}';

const usualCommand = new RegExp(
  `^{"type":"command","id":"(${word})","name":"([A-Za-z0-9._-]{1,64})"(?:,"reply":"(outcome|each|none)")?` +
    `(?:,"to":"(below|all)")?(?:,"deadlineMs":([1-9]\\d{0,14}))?(?:,"args":(${scalar}))?}$`,
);
const usualResult = new RegExp(
  `^{"type":"result","seq":([1-9]\\d{0,14}),"status":"(done|failed|refused)"(?:,"value":(${scalar}))?(?:,"epoch":(${number}))?}$`,
);
const usualPong = new RegExp(`^{"type":"pong","n":(${number})}$`);

const PLACE_OF_TYPE = '{"type":"'.length;

/**
 * Parses and checks a `command`, a `result` or a `pong` that is written exactly as the client library writes it. One regular expression
 * does both, in a third of the time of JSON.parse and the schema. Returns undefined for every other frame: the caller then uses JSON.parse
 * and the schema. A test checks that both ways return the same message.
 */
export function parseUsualMessage(text: string): MessageRead | undefined {
  switch (text[PLACE_OF_TYPE]) {
    case 'c':
      return commandOf(usualCommand.exec(text));
    case 'r':
      return resultOf(usualResult.exec(text));
    case 'p': {
      const n = usualPong.exec(text)?.[1];
      return n === undefined ? undefined : { message: { type: 'pong', n: Number(n) }, payload: undefined };
    }
    default:
      return undefined;
  }
}

function commandOf(parts: RegExpExecArray | null): MessageRead | undefined {
  if (parts === null) return undefined;
  const [, id = '', name = '', reply, to, deadlineMs, payload] = parts;
  const message: CommandMessage = { type: 'command', id, name };
  if (reply !== undefined) message.reply = reply as NonNullable<CommandMessage['reply']>;
  if (to !== undefined) message.to = to as 'below' | 'all';
  if (deadlineMs !== undefined) message.deadlineMs = Number(deadlineMs);
  return { message, payload };
}

/** Returns a constant, so that V8 need not look up the string when it is used as a key. */
function statusOf(text: string | undefined): ResultMessage['status'] {
  switch (text) {
    case 'done':
      return 'done';
    case 'failed':
      return 'failed';
    default:
      return 'refused';
  }
}

function resultOf(parts: RegExpExecArray | null): MessageRead | undefined {
  if (parts === null) return undefined;
  const [, seq, status, payload, epoch] = parts;
  const message: ResultMessage = { type: 'result', seq: Number(seq), status: statusOf(status) };
  if (epoch !== undefined) message.epoch = Number(epoch);
  return { message, payload };
}
