/** The messages that the server may send. Clients ignore fields that they do not know. */

import { type Static, Type } from '@sinclair/typebox';
import { count, json } from './field-schemas.js';
import {
  causeSchema,
  endedStatusSchema,
  fenceSchema,
  leaderSchema,
  missingRecipientSchema,
  namedMemberSchema,
  refusedTargetSchema,
  rosterMemberSchema,
  senderSchema,
  unmatchedTargetSchema,
} from './message-parts.js';

/** The fields of `welcome` that members and observers have in common. */
const groupFields = {
  type: Type.Literal('welcome'),
  protocol: count,
  features: Type.Array(Type.String()),
  server: Type.String(),
  /** The id of the cluster. Its servers share one order, so a seat can be resumed at any of them, and only there. */
  cluster: Type.Optional(Type.String()),
  group: Type.String(),
  member: Type.String(),
  name: Type.String(),
  size: count,
  membersMax: count,
  epoch: count,
  view: count,
  seq: count,
  resumed: Type.Boolean(),
  heartbeatMs: count,
  suspendMs: count,
  deadMs: count,
  frameBytesMax: count,
};

/** R-JOIN-3: the session of a member is admitted. */
export const welcomeSchema = Type.Object({
  ...groupFields,
  rank: count,
  slot: count,
  leader: leaderSchema,
  /** Only for rank 0: the view in which it became rank 0. */
  fence: Type.Optional(fenceSchema),
  resume: Type.String(),
});

/**
 * R-JOIN-3: the session of an observer is admitted. It has no rank, no slot and no resume secret. A group without members has no leader.
 */
export const observerWelcomeSchema = Type.Object({ ...groupFields, leader: Type.Optional(leaderSchema) });

/** R-JOIN-4: the session is on the waitlist. */
export const waitingSchema = Type.Object({
  type: Type.Literal('waiting'),
  position: Type.Integer({ minimum: 1 }),
  of: Type.Integer({ minimum: 1 }),
  heartbeatMs: count,
  suspendMs: count,
  deadMs: count,
});

/** The fields of `view` that members and observers have in common. */
const changeFields = {
  type: Type.Literal('view'),
  epoch: count,
  view: count,
  seq: count,
  size: count,
  changes: count,
  cause: causeSchema,
  /** The lists are for sessions with `updates` roster. If they do not fit into a frame, `reset` is true and a `roster` follows. */
  joined: Type.Optional(Type.Array(rosterMemberSchema)),
  left: Type.Optional(Type.Array(Type.Object({ member: Type.String(), name: Type.String(), reason: Type.String() }))),
  moved: Type.Optional(Type.Array(namedMemberSchema)),
  away: Type.Optional(Type.Array(namedMemberSchema)),
  resumed: Type.Optional(Type.Array(namedMemberSchema)),
  reset: Type.Optional(Type.Boolean()),
};

/** R-VIEW-2: the roster has changed. */
export const viewSchema = Type.Object({ ...changeFields, rank: count, was: count, leader: leaderSchema });

/** R-VIEW-2: the roster has changed, for an observer, which has no rank. */
export const observerViewSchema = Type.Object({ ...changeFields, leader: Type.Optional(leaderSchema) });

/** R-LEAD-2: asks the leader to stop acting on its rank and to answer `yielded`. */
export const yieldSchema = Type.Object({ type: Type.Literal('yield') });

/** R-LIFE-1: asks the client for a pong. `seen` is the last n whose pong the server has received. */
export const serverPingSchema = Type.Object({ type: Type.Literal('ping'), n: count, seen: count });
/** R-LIFE-1: answers a ping of the client. */
export const serverPongSchema = Type.Object({ type: Type.Literal('pong'), n: Type.Optional(count) });

/** R-CMD-4: a command for this recipient. `deadlineMs` is the remaining time. */
export const deliveredCommandSchema = Type.Object({
  type: Type.Literal('command'),
  seq: count,
  view: count,
  from: senderSchema,
  name: Type.String(),
  deadlineMs: count,
  reply: Type.Boolean(),
  args: Type.Optional(json),
});

/** R-CMD-3: whether a command is accepted. */
export const receiptSchema = Type.Object({
  type: Type.Literal('receipt'),
  id: Type.String(),
  accepted: Type.Boolean(),
  seq: Type.Optional(count),
  view: Type.Optional(count),
  recipients: Type.Optional(count),
  refused: Type.Array(refusedTargetSchema),
  refusedCount: count,
  /** The ranks, member ids or names in `to` that match no member. */
  unmatched: Type.Optional(Type.Array(unmatchedTargetSchema)),
  deadlineMs: Type.Optional(count),
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});

/** R-CMD-6: one recipient's result, for a sender that asked for each. `ms` is the time since the command was accepted. */
export const forwardedResultSchema = Type.Object({
  type: Type.Literal('result'),
  id: Type.String(),
  seq: count,
  from: namedMemberSchema,
  status: endedStatusSchema,
  ms: count,
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.Optional(Type.String()) })),
  value: Type.Optional(json),
});

/** R-CMD-7: how all recipients of a command ended. `ms` is the time since the command was accepted. */
export const outcomeSchema = Type.Object({
  type: Type.Literal('outcome'),
  id: Type.String(),
  seq: count,
  recipients: count,
  done: count,
  failed: count,
  refused: count,
  expired: count,
  left: count,
  missing: Type.Array(missingRecipientSchema),
  ms: count,
});

/** R-ASK-1: the roster by rank. `more` is true if another frame of it follows. */
export const rosterSchema = Type.Object({
  type: Type.Literal('roster'),
  group: Type.String(),
  epoch: count,
  view: count,
  size: count,
  members: Type.Array(rosterMemberSchema),
  more: Type.Boolean(),
});

/** R-ASK-1: the last changes, newest first. `more` is true if another frame of them follows. */
export const historySchema = Type.Object({
  type: Type.Literal('history'),
  group: Type.String(),
  epoch: count,
  changes: Type.Array(Type.Object({ seq: count, view: count, at: Type.String(), cause: causeSchema, size: count })),
  more: Type.Boolean(),
});

/** A message of the client was refused, and the session continues. */
export const errorSchema = Type.Object({
  type: Type.Literal('error'),
  code: Type.String(),
  message: Type.String(),
  seq: Type.Optional(count),
});

/** R-BYE-1: the last message of a session. */
export const byeSchema = Type.Object({
  type: Type.Literal('bye'),
  code: Type.String(),
  message: Type.String(),
  retry: Type.Boolean(),
  retryAfterMs: Type.Optional(count),
});

/** The schemas of all messages that the server may send, by `type`. */
export const serverMessageSchemas = {
  welcome: Type.Union([welcomeSchema, observerWelcomeSchema]),
  waiting: waitingSchema,
  view: Type.Union([viewSchema, observerViewSchema]),
  yield: yieldSchema,
  ping: serverPingSchema,
  pong: serverPongSchema,
  command: deliveredCommandSchema,
  receipt: receiptSchema,
  result: forwardedResultSchema,
  outcome: outcomeSchema,
  roster: rosterSchema,
  history: historySchema,
  error: errorSchema,
  bye: byeSchema,
} as const;

// The type of each message. Its schema above describes it.
export type WelcomeMessage = Static<typeof welcomeSchema>;
export type ObserverWelcomeMessage = Static<typeof observerWelcomeSchema>;
export type ObserverViewMessage = Static<typeof observerViewSchema>;
export type WaitingMessage = Static<typeof waitingSchema>;
export type YieldMessage = Static<typeof yieldSchema>;
export type HistoryMessage = Static<typeof historySchema>;
export type ViewMessage = Static<typeof viewSchema>;
export type ServerPingMessage = Static<typeof serverPingSchema>;
export type ServerPongMessage = Static<typeof serverPongSchema>;
export type DeliveredCommandMessage = Static<typeof deliveredCommandSchema>;
export type ReceiptMessage = Static<typeof receiptSchema>;
export type ForwardedResultMessage = Static<typeof forwardedResultSchema>;
export type OutcomeMessage = Static<typeof outcomeSchema>;
/** How many recipients a command had, and how they ended (R-CMD-7). */
export type OutcomeCounts = Readonly<
  Pick<OutcomeMessage, 'recipients' | 'done' | 'failed' | 'refused' | 'expired' | 'left'>
>;
export type RosterMessage = Static<typeof rosterSchema>;
export type ErrorMessage = Static<typeof errorSchema>;
export type ByeMessage = Static<typeof byeSchema>;

/** Any message that the server may send. */
export type ServerMessage =
  | WelcomeMessage
  | ObserverWelcomeMessage
  | WaitingMessage
  | ViewMessage
  | ObserverViewMessage
  | YieldMessage
  | ServerPingMessage
  | ServerPongMessage
  | DeliveredCommandMessage
  | ReceiptMessage
  | ForwardedResultMessage
  | OutcomeMessage
  | RosterMessage
  | HistoryMessage
  | ErrorMessage
  | ByeMessage;
