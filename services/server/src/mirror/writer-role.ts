/** Decides from the content of Redis whether this server may keep the order of ranks. Pure: the caller does the input and output. */

import { assertNever } from '@rankd/protocol';
import { CLAIM_EXPIRE_MS, CLAIM_RENEW_MS, type WriterClaim, type WriterSighting } from './writer-claim.js';

/**
 * If the claim of another server disappears from Redis, this server waits this long before it considers that server stopped. It is longer
 * than CLAIM_RENEW_MS: if Redis has lost its data, the other server writes its claim again.
 */
const REWRITE_MS = CLAIM_RENEW_MS + 1000;

/**
 * The role of a standalone server with a mirror (R-VIEW-6, docs/operations/redis.md).
 *
 * - `unread`: Redis was not read yet. Hellos are refused until it is read, or until `untilMs`. Issued epochs will be larger than
 *   `epochFloor`.
 * - `unread-begun`: the server has waited until `untilMs` and could not read Redis. It keeps a new order, and has written nothing to Redis.
 * - `writer`: Redis was read. The server keeps the order, and writes the mirror once its claim is in Redis. `renewedAtMs` is when the claim
 *   was last written. It is undefined before the first write.
 * - `superseded`: another server with a larger epoch writes the mirror. This server considers it stopped if it does not renew its claim
 *   before `goneAtMs`.
 */
export type WriterRole =
  | { readonly kind: 'unread'; readonly untilMs: number; readonly epochFloor: number }
  | { readonly kind: 'unread-begun'; readonly epoch: number }
  | { readonly kind: 'writer'; readonly epoch: number; readonly renewedAtMs: number | undefined }
  | { readonly kind: 'superseded'; readonly by: WriterClaim; readonly goneAtMs: number };

/** The present time in milliseconds, and the largest epoch that this server has issued. */
export interface RoleTime {
  /** The monotonic clock. */
  readonly nowMs: number;
  /** The wall clock. */
  readonly wallMs: number;
  readonly epochIssued: number;
}

/** What has happened since the last decision about the role. */
export type RoleEvent =
  /** Redis was read completely. `epochLast` is the largest epoch in it, `writer` the claim of another server. */
  | { readonly kind: 'read'; readonly epochLast: number; readonly writer: WriterClaim | undefined }
  /** This server's claim is in Redis. `written`: it was written or renewed now. */
  | { readonly kind: 'held'; readonly written: boolean }
  /** Another server holds the claim, so Redis has refused this server's claim. */
  | { readonly kind: 'outranked'; readonly sighting: WriterSighting & { readonly other: WriterClaim } }
  /** This server, which is not the writer, has read the writer's claim. */
  | { readonly kind: 'looked'; readonly sighting: WriterSighting }
  /** Redis has refused a write because a larger epoch is stored, although no other server writes. */
  | { readonly kind: 'stale'; readonly epochStored: number }
  /** Time has passed. */
  | { readonly kind: 'tick' };

/**
 * What the caller has to do.
 *
 * - `begin`: keep an order with epochs from `epoch` on. `stored`: the order that was read; `none`: a new, empty order; `own`: the present
 *   order.
 * - `replace`: the stored order was read too late. Delete it when this server holds the claim.
 * - `stand-down`: end all sessions, and stop writing.
 * - `return`: the other server has stopped; read Redis.
 */
export type RoleAction =
  | { readonly kind: 'begin'; readonly epoch: number; readonly order: 'stored' | 'none' | 'own' }
  | { readonly kind: 'replace' }
  | { readonly kind: 'stand-down'; readonly by: WriterClaim }
  | { readonly kind: 'return' };

/** The role after an event, and what the caller has to do. */
export interface RoleStep {
  readonly role: WriterRole;
  readonly actions: readonly RoleAction[];
}

/** Whether a server may keep the order. If not, `reason` says why, for people. */
export type StoreStanding =
  | { readonly kind: 'keeping' }
  | { readonly kind: 'refusing'; readonly state: 'unread' | 'superseded'; readonly reason: string };

/**
 * Returns the standing of a server. `role` is undefined before the server listens. `address` is the address of Redis, `reason` says why
 * Redis does not answer, and `unreadable` are the groups whose stored order cannot be read.
 */
export function describeStanding(
  role: WriterRole | undefined,
  store: { readonly address: string; readonly reason: string | undefined; readonly unreadable: readonly string[] },
): StoreStanding {
  const { address, reason = 'it is being read', unreadable } = store;
  switch (role?.kind) {
    case undefined:
    case 'unread':
      return {
        kind: 'refusing',
        state: 'unread',
        reason: `the last order in Redis at ${address} has not been read: ${reason}`,
      };
    case 'superseded':
      return {
        kind: 'refusing',
        state: 'superseded',
        reason: `server ${role.by.server} keeps the order in Redis with the larger epoch ${role.by.epoch}`,
      };
    case 'unread-begun':
      return { kind: 'keeping' };
    case 'writer':
      if (unreadable.length === 0) return { kind: 'keeping' };
      return {
        kind: 'refusing',
        state: 'unread',
        reason: `the last order of ${unreadable.join(', ')} in Redis at ${address} cannot be read`,
      };
  }
}

/** Returns the role of a server that starts to wait for Redis. `windowMs` is how long it waits. */
export function waitForStore({ nowMs }: RoleTime, windowMs: number, epochFloor = 0): WriterRole {
  return { kind: 'unread', untilMs: nowMs + windowMs, epochFloor };
}

/**
 * Returns the next role and the actions that the caller must perform. `windowMs`: how long a server waits for Redis before it starts a new
 * order.
 */
export function nextRole(role: WriterRole, event: RoleEvent, time: RoleTime, windowMs: number): RoleStep {
  switch (role.kind) {
    case 'unread':
      return fromUnread(role, event, time);
    case 'unread-begun':
      return fromUnreadBegun(role, event, time);
    case 'writer':
      return fromWriter(role, event, time);
    case 'superseded':
      return fromSuperseded(role, event, time, windowMs);
    default:
      return assertNever(role);
  }
}

/** Whether the next check must renew the claim. If not, the check only confirms that this server still holds the claim. */
export function isRenewalDue(role: Extract<WriterRole, { kind: 'writer' }>, nowMs: number): boolean {
  return role.renewedAtMs === undefined || nowMs - role.renewedAtMs >= CLAIM_RENEW_MS;
}

function fromUnread(role: Extract<WriterRole, { kind: 'unread' }>, event: RoleEvent, time: RoleTime): RoleStep {
  if (event.kind === 'read') {
    const epoch = nextEpoch(time, role.epochFloor, event.epochLast, event.writer?.epoch ?? 0);
    return { role: unclaimed(epoch), actions: [{ kind: 'begin', epoch, order: 'stored' }] };
  }
  if (event.kind !== 'tick' || time.nowMs < role.untilMs) return unchanged(role);
  const epoch = nextEpoch(time, role.epochFloor);
  return { role: { kind: 'unread-begun', epoch }, actions: [{ kind: 'begin', epoch, order: 'none' }] };
}

/**
 * Handles the first read of Redis after a new order has begun without it. If another server has claimed the mirror with a larger epoch,
 * this server stands down. Otherwise its order replaces the stored one.
 */
function fromUnreadBegun(
  role: Extract<WriterRole, { kind: 'unread-begun' }>,
  event: RoleEvent,
  time: RoleTime,
): RoleStep {
  if (event.kind !== 'read') return unchanged(role);
  const { epochLast, writer } = event;
  if (writer !== undefined && writer.epoch > role.epoch) return standDown({ other: writer, ttlMs: -1 }, time);
  // Every group of this server has at least the epoch `role.epoch`, which is larger than all stored ones.
  if (epochLast < role.epoch) return { role: unclaimed(role.epoch), actions: [{ kind: 'replace' }] };
  const epoch = nextEpoch(time, epochLast);
  return { role: unclaimed(epoch), actions: [{ kind: 'replace' }, { kind: 'begin', epoch, order: 'own' }] };
}

function fromWriter(role: Extract<WriterRole, { kind: 'writer' }>, event: RoleEvent, time: RoleTime): RoleStep {
  switch (event.kind) {
    case 'held':
      return unchanged(event.written ? { ...role, renewedAtMs: time.nowMs } : role);
    case 'outranked':
      return standDown(event.sighting, time);
    case 'stale': {
      const epoch = nextEpoch(time, event.epochStored);
      return { role: unclaimed(epoch), actions: [{ kind: 'begin', epoch, order: 'own' }] };
    }
    default:
      return unchanged(role);
  }
}

function fromSuperseded(
  role: Extract<WriterRole, { kind: 'superseded' }>,
  event: RoleEvent,
  time: RoleTime,
  windowMs: number,
): RoleStep {
  if (event.kind !== 'looked') return unchanged(role);
  const by = event.sighting.other ?? role.by;
  const goneAtMs = expectGone(role, event.sighting, time.nowMs);
  if (time.nowMs < goneAtMs) return unchanged({ ...role, by, goneAtMs });
  return { role: waitForStore(time, windowMs, by.epoch), actions: [{ kind: 'return' }] };
}

/** Returns the time at which the other server is considered stopped, unless its claim is renewed before. */
function expectGone(
  { by, goneAtMs }: Extract<WriterRole, { kind: 'superseded' }>,
  { other, ttlMs }: WriterSighting,
  nowMs: number,
): number {
  if (other === undefined) return Math.min(goneAtMs, nowMs + REWRITE_MS);
  if (ttlMs >= 0 && ttlMs <= CLAIM_EXPIRE_MS) return nowMs + ttlMs;
  // The claim never expires or expires too late. No server sets such a time, so it does not show a renewal. Only a changed claim shows one.
  const isSame = other.incarnation === by.incarnation && other.epoch === by.epoch;
  return isSame ? goneAtMs : nowMs + CLAIM_EXPIRE_MS;
}

function standDown({ other, ttlMs }: WriterSighting & { readonly other: WriterClaim }, { nowMs }: RoleTime): RoleStep {
  const waitMs = ttlMs < 0 ? CLAIM_EXPIRE_MS : Math.min(ttlMs, CLAIM_EXPIRE_MS);
  return {
    role: { kind: 'superseded', by: other, goneAtMs: nowMs + waitMs },
    actions: [{ kind: 'stand-down', by: other }],
  };
}

function unclaimed(epoch: number): WriterRole {
  return { kind: 'writer', epoch, renewedAtMs: undefined };
}

function unchanged(role: WriterRole): RoleStep {
  return { role, actions: [] };
}

/** Returns an epoch that is larger than every known one (docs/protocol.md, Glossary). */
function nextEpoch({ wallMs, epochIssued }: RoleTime, ...known: readonly number[]): number {
  return Math.max(wallMs, epochIssued + 1, ...known.map(epoch => epoch + 1));
}
