/** Parts that several messages of the server contain. */

import { Type, type Static } from '@sinclair/typebox';
import { count } from './field-schemas.js';

/** The leader: the member of rank 0. */
export const leaderSchema = Type.Object({ member: Type.String(), name: Type.String() });

/** The fencing token: the epoch and the view in which a member became rank 0 (docs/protocol.md, Glossary). */
export const fenceSchema = Type.Object({ epoch: count, view: count });

/** R-VIEW-2: the cause of a change of the roster. */
export const causeSchema = Type.Object({
  kind: Type.Union([
    Type.Literal('joined'),
    Type.Literal('left'),
    Type.Literal('moved'),
    Type.Literal('away'),
    Type.Literal('resumed'),
  ]),
  member: Type.String(),
  name: Type.String(),
  reason: Type.Optional(Type.String()),
});

/** A member as an element of a list. */
export const namedMemberSchema = Type.Object({ member: Type.String(), rank: count, name: Type.String() });

/** The sender of a command (R-CMD-4). An administrator has rank -1. */
export const senderSchema = Type.Object({
  member: Type.String(),
  rank: Type.Integer({ minimum: -1 }),
  name: Type.String(),
});

/** A row of the roster (R-ASK-1). */
export const rosterMemberSchema = Type.Object({
  rank: count,
  member: Type.String(),
  name: Type.String(),
  slot: count,
  tags: Type.Record(Type.String(), Type.String()),
  address: Type.String(),
  joinedAt: Type.String(),
  state: Type.Union([Type.Literal('present'), Type.Literal('away')]),
});

/** R-CMD-3: a targeted member that must not execute the command. */
export const refusedTargetSchema = Type.Object({
  member: Type.String(),
  rank: count,
  name: Type.String(),
  code: Type.String(),
});

/** R-CMD-3: a rank, a member id or a name in `to` that matches no member. */
export const unmatchedTargetSchema = Type.Union([count, Type.String()]);

/** R-CMD-6: how a recipient's part in a command ended. */
export const endedStatusSchema = Type.Union([
  Type.Literal('done'),
  Type.Literal('failed'),
  Type.Literal('refused'),
  Type.Literal('expired'),
  Type.Literal('left'),
]);

/** R-CMD-7: a recipient that did not end as `done`. */
export const missingRecipientSchema = Type.Object({
  member: Type.String(),
  rank: count,
  name: Type.String(),
  status: endedStatusSchema,
  /** The code of its error, if it sent one. */
  code: Type.Optional(Type.String()),
});

/** The leader: its `member` id and its `name`. */
export type Leader = Static<typeof leaderSchema>;
export type Cause = Static<typeof causeSchema>;
/** The sender of a command: its `member` id, its `rank` (-1: an administrator) and its `name`. */
export type Sender = Static<typeof senderSchema>;
/** A member in a list: its `member` id, its `rank` and its `name`. */
export type NamedMember = Static<typeof namedMemberSchema>;
/** A member that must not execute the command: `member` id, `rank`, `name`, and the error `code` (R-CMD-3). */
export type RefusedTarget = Static<typeof refusedTargetSchema>;
export type UnmatchedTarget = Static<typeof unmatchedTargetSchema>;
/** A recipient that did not end as `done`: `member` id, `rank`, `name`, `status`, and the error `code` if it sent one (R-CMD-7). */
export type MissingRecipient = Static<typeof missingRecipientSchema>;
export type EndedStatus = Static<typeof endedStatusSchema>;
/** A row of the roster: `rank`, `member` id, `name`, `slot`, `tags`, `address`, `joinedAt`, and `state`: `present` or `away` (R-ASK-1). */
export type RosterMember = Static<typeof rosterMemberSchema>;
