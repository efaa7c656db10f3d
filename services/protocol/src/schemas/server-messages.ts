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
} from './message-parts.js';

/** What the coordinator says. Clients ignore fields they do not know. */

const groupFields = {
  type: Type.Literal('welcome'),
  protocol: count,
  features: Type.Array(Type.String()),
  server: Type.String(),
  /** Servers of one cluster keep one order; a server of another, or of none, knows nothing of a seat of this one. */
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

/** R-JOIN-3 */
export const welcomeSchema = Type.Object({
  ...groupFields,
  rank: count,
  slot: count,
  leader: leaderSchema,
  /** Of rank 0 only: the view in which it became rank 0. */
  fence: Type.Optional(fenceSchema),
  resume: Type.String(),
});

/** R-JOIN-3: an observer has no rank, slot and resume; a group without members has no leader. */
export const observerWelcomeSchema = Type.Object({ ...groupFields, leader: Type.Optional(leaderSchema) });

/** R-JOIN-4 */
export const waitingSchema = Type.Object({
  type: Type.Literal('waiting'),
  position: Type.Integer({ minimum: 1 }),
  of: Type.Integer({ minimum: 1 }),
  heartbeatMs: count,
  suspendMs: count,
  deadMs: count,
});

const changeFields = {
  type: Type.Literal('view'),
  epoch: count,
  view: count,
  seq: count,
  size: count,
  changes: count,
  cause: causeSchema,
  /** With `updates` roster: who; or `reset`, and a roster follows, where the lists do not fit a frame. */
  joined: Type.Optional(Type.Array(rosterMemberSchema)),
  left: Type.Optional(Type.Array(Type.Object({ member: Type.String(), name: Type.String(), reason: Type.String() }))),
  moved: Type.Optional(Type.Array(namedMemberSchema)),
  away: Type.Optional(Type.Array(namedMemberSchema)),
  resumed: Type.Optional(Type.Array(namedMemberSchema)),
  reset: Type.Optional(Type.Boolean()),
};

/** R-VIEW-2 */
export const viewSchema = Type.Object({ ...changeFields, rank: count, was: count, leader: leaderSchema });

/** R-VIEW-2: an observer has no rank. */
export const observerViewSchema = Type.Object({ ...changeFields, leader: Type.Optional(leaderSchema) });

/** R-LEAD-2: stop acting on your rank, then say `yielded`. */
export const yieldSchema = Type.Object({ type: Type.Literal('yield') });

/** R-LIFE-1 */
export const serverPingSchema = Type.Object({ type: Type.Literal('ping'), n: count, seen: count });
export const serverPongSchema = Type.Object({ type: Type.Literal('pong'), n: Type.Optional(count) });

/** R-CMD-4 */
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

/** R-CMD-3 */
export const receiptSchema = Type.Object({
  type: Type.Literal('receipt'),
  id: Type.String(),
  accepted: Type.Boolean(),
  seq: Type.Optional(count),
  view: Type.Optional(count),
  recipients: Type.Optional(count),
  refused: Type.Array(refusedTargetSchema),
  refusedCount: count,
  deadlineMs: Type.Optional(count),
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});

/** R-CMD-6 */
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

/** R-CMD-7 */
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

/** R-ASK-1 */
export const rosterSchema = Type.Object({
  type: Type.Literal('roster'),
  group: Type.String(),
  epoch: count,
  view: count,
  size: count,
  members: Type.Array(rosterMemberSchema),
  more: Type.Boolean(),
});

/** R-ASK-1: the last changes, newest first, in as many frames as it takes. */
export const historySchema = Type.Object({
  type: Type.Literal('history'),
  group: Type.String(),
  epoch: count,
  changes: Type.Array(Type.Object({ seq: count, view: count, at: Type.String(), cause: causeSchema, size: count })),
  more: Type.Boolean(),
});

/** An answer to something that was wrong but does not end the session. */
export const errorSchema = Type.Object({
  type: Type.Literal('error'),
  code: Type.String(),
  message: Type.String(),
  seq: Type.Optional(count),
});

/** R-BYE-1: the last frame of a session. */
export const byeSchema = Type.Object({
  type: Type.Literal('bye'),
  code: Type.String(),
  message: Type.String(),
  retry: Type.Boolean(),
  retryAfterMs: Type.Optional(count),
});

/** Every message the server may send, by its `type`. */
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
