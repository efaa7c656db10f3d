/** The messages that a client may send. Unknown fields are ignored (R-FRAME-4). Every string and every list has a limit. */

import { Type, type Static, type TArray, type TSchema } from '@sinclair/typebox';
import {
  errorMessage,
  flag,
  identifier,
  json,
  oneOf,
  secret,
  tags,
  visibleName,
  whole,
  word,
} from './field-schemas.js';
import { limits } from '../limits.js';

/** R-JOIN-1: the first message of a session. */
export const helloSchema = Type.Object({
  type: Type.Literal('hello'),
  protocol: Type.Optional(whole(1)),
  group: Type.Optional(identifier),
  name: Type.Optional(visibleName),
  tags: Type.Optional(tags),
  token: Type.Optional(secret),
  role: Type.Optional(oneOf(['member', 'observer'])),
  updates: Type.Optional(oneOf(['rank', 'size', 'roster'])),
  resume: Type.Optional(
    Type.Object(
      { member: word, secret, epoch: Type.Optional(whole(0)) },
      { description: 'an object with member and secret' },
    ),
  ),
  heartbeat: Type.Optional(flag),
  require: Type.Optional(
    Type.Array(word, {
      maxItems: limits.requireMax,
      description: `a list of at most ${String(limits.requireMax)} names of features`,
    }),
  ),
});

const targets = <T extends TSchema>(item: T): TArray<T> => Type.Array(item, { maxItems: limits.targetsMax });

/** R-CMD-1: the target of a command: which members it is for. */
export const targetSchema = Type.Union(
  [
    Type.Literal('below'),
    Type.Literal('all'),
    Type.Object({ ranks: targets(whole(0)) }),
    Type.Object({ members: targets(word) }),
    Type.Object({ names: targets(visibleName) }),
    Type.Object({ tags }),
  ],
  {
    description: `"below", "all", or an object with ranks, members or names (lists of at most ${String(limits.targetsMax)}) or tags`,
  },
);

/** R-CMD-1: the fields that the commands of members and of administrators have in common. */
const orderFields = {
  id: word,
  name: identifier,
  args: Type.Optional(json),
  to: Type.Optional(targetSchema),
  deadlineMs: Type.Optional(whole(1)),
  reply: Type.Optional(oneOf(['outcome', 'each', 'none'])),
};

/** R-CMD-1: a member sends a command. */
export const commandSchema = Type.Object({ type: Type.Literal('command'), ...orderFields });

/** R-CMD-5: a recipient answers a command. */
export const resultSchema = Type.Object({
  type: Type.Literal('result'),
  seq: whole(1),
  status: oneOf(['done', 'failed', 'refused']),
  value: Type.Optional(json),
  error: Type.Optional(
    Type.Object(
      { code: word, message: Type.Optional(errorMessage) },
      { description: 'an object with code and message' },
    ),
  ),
  epoch: Type.Optional(whole(0)),
});

/** R-LIFE-1: asks the server for a pong. */
export const pingSchema = Type.Object({ type: Type.Literal('ping'), n: Type.Optional(whole(0)) });
/** R-LIFE-1: answers a ping of the server. */
export const pongSchema = Type.Object({ type: Type.Literal('pong'), n: whole(0) });
/** R-VIEW-5: the member departs. */
export const leaveSchema = Type.Object({ type: Type.Literal('leave') });
/** R-LEAD-2: the member has stopped acting on its rank, until the next `view` or `welcome`. */
export const yieldedSchema = Type.Object({ type: Type.Literal('yielded') });
/** R-RESIGN-1: the member has stopped acting on its rank, and goes behind the last present member. */
export const resignSchema = Type.Object({ type: Type.Literal('resign') });
/** R-ASK-1: asks for the roster. */
export const rosterRequestSchema = Type.Object({ type: Type.Literal('roster') });
/** R-ASK-1: asks for the last changes of the roster. */
export const historyRequestSchema = Type.Object({
  type: Type.Literal('history'),
  limit: Type.Optional(whole(1, limits.historyMax)),
});

/**
 * R-ADMIN-1: the messages of an administrator, by `action`. They move a member, remove a member, send a command to all members, or accept
 * the present Redis as the new cluster of a server that waits for a lost one.
 */
export const adminSchemas = {
  move: Type.Object({
    type: Type.Literal('admin'),
    action: Type.Literal('move'),
    id: word,
    member: word,
    rank: whole(0),
  }),
  remove: Type.Object({
    type: Type.Literal('admin'),
    action: Type.Literal('remove'),
    id: word,
    member: word,
    reason: Type.Optional(word),
  }),
  command: Type.Object({ type: Type.Literal('admin'), action: Type.Literal('command'), ...orderFields }),
  adopt: Type.Object({ type: Type.Literal('admin'), action: Type.Literal('adopt'), id: word }),
} as const;

/** The schemas of all messages that a client may send, by `type`. Those of `admin` are in `adminSchemas`. */
export const clientMessageSchemas = {
  hello: helloSchema,
  ping: pingSchema,
  pong: pongSchema,
  leave: leaveSchema,
  command: commandSchema,
  result: resultSchema,
  yielded: yieldedSchema,
  resign: resignSchema,
  roster: rosterRequestSchema,
  history: historyRequestSchema,
} as const;

// The type of each message. Its schema above describes it.
export type HelloMessage = Static<typeof helloSchema>;
export type CommandMessage = Static<typeof commandSchema>;
export type ResultMessage = Static<typeof resultSchema>;
export type PingMessage = Static<typeof pingSchema>;
export type PongMessage = Static<typeof pongSchema>;
export type LeaveMessage = Static<typeof leaveSchema>;
export type YieldedMessage = Static<typeof yieldedSchema>;
export type ResignMessage = Static<typeof resignSchema>;
export type RosterRequestMessage = Static<typeof rosterRequestSchema>;
export type HistoryRequestMessage = Static<typeof historyRequestSchema>;
export type AdminMoveMessage = Static<typeof adminSchemas.move>;
export type AdminRemoveMessage = Static<typeof adminSchemas.remove>;
export type AdminCommandMessage = Static<typeof adminSchemas.command>;
export type AdminAdoptMessage = Static<typeof adminSchemas.adopt>;
/** Any message of an administrator (R-ADMIN-1). */
export type AdminMessage = AdminMoveMessage | AdminRemoveMessage | AdminCommandMessage | AdminAdoptMessage;
/** The target of a command: which members it is for (R-CMD-1). */
export type Target = Static<typeof targetSchema>;
/** Which changes a session receives views for (R-JOIN-1). */
export type Updates = NonNullable<HelloMessage['updates']>;
/** Which answers the sender of a command asks for (R-CMD-1). */
export type Reply = NonNullable<CommandMessage['reply']>;
/** How a recipient executed a command (R-CMD-5). */
export type ResultStatus = ResultMessage['status'];

/** Any message that a client may send. */
export type ClientMessage =
  | HelloMessage
  | PingMessage
  | PongMessage
  | LeaveMessage
  | CommandMessage
  | ResultMessage
  | YieldedMessage
  | ResignMessage
  | RosterRequestMessage
  | HistoryRequestMessage
  | AdminMessage;
