/** The events of a server: what the log, the metrics and the event streams show. */

import type { Mistake, OutcomeCounts } from '@rankd/protocol';

/**
 * An event in the server. `event` is its stable name in logs (docs/operations/logs.md). Log and metrics use the same events, so they always
 * agree.
 */
export type ServerEvent =
  | {
      readonly event: 'listening';
      readonly address: string;
      readonly port: number;
      readonly httpPort: number;
      readonly transport: 'tcp' | 'tls' | 'mutual tls';
    }
  | { readonly event: 'certificates.renewed'; readonly validTo: string }
  | { readonly event: 'certificates.unusable'; readonly reason: string }
  /** The side port accepts fewer connections than RANKD_HTTP_CONNECTIONS_MAX, because the process may open only `descriptors` files. */
  | { readonly event: 'http.limited'; readonly connections: number; readonly descriptors: number }
  | { readonly event: 'http.refused'; readonly address: string; readonly connections: number }
  | {
      readonly event: 'session.refused';
      readonly session: string;
      readonly address: string;
      readonly code: string;
      readonly detail: string;
      readonly mistake?: Mistake;
    }
  | { readonly event: 'session.closed'; readonly session: string; readonly code: string }
  | { readonly event: 'observer.joined'; readonly group: string; readonly member: string; readonly name: string }
  | { readonly event: 'member.waiting'; readonly group: string; readonly session: string; readonly position: number }
  | (MemberEvent & { readonly event: 'member.away'; readonly reason: string })
  | (MemberEvent & { readonly event: 'member.moved'; readonly reason?: string; readonly promoted: number })
  | (MemberEvent & {
      readonly event: 'member.joined' | 'member.resumed';
      readonly slot: number;
      readonly address: string;
      readonly waitedMs: number;
    })
  | (MemberEvent & { readonly event: 'member.left'; readonly reason: string; readonly promoted: number })
  | {
      readonly event: 'members.promoted';
      readonly group: string;
      readonly view: number;
      readonly promotions: readonly Promotion[];
      /** How many more members were promoted in this flush cycle. `promotions` does not contain them. */
      readonly others: number;
      readonly delayMs: number;
    }
  | (CommandEvent & {
      readonly event: 'command.accepted';
      readonly seq: number;
      readonly recipients: number;
      readonly refused: number;
    })
  | (CommandEvent & { readonly event: 'command.refused'; readonly code: string })
  | (OutcomeCounts & {
      readonly event: 'command.outcome';
      readonly group: string;
      readonly seq: number;
      readonly name: string;
      readonly member: string;
      readonly ms: number;
      readonly forwarded: boolean;
    })
  | { readonly event: 'result'; readonly status: string }
  | { readonly event: 'mirror.up'; readonly server: string }
  | { readonly event: 'mirror.down'; readonly server: string; readonly reason: string }
  /** The last order in Redis is still unread: hellos are refused for at most `waitMs`. */
  | { readonly event: 'mirror.unread'; readonly server: string; readonly reason: string; readonly waitMs: number }
  /** The last order of these groups cannot be read: their hellos are refused for `waitMs`. */
  | {
      readonly event: 'mirror.unreadable';
      readonly server: string;
      readonly groups: readonly string[];
      readonly waitMs: number;
    }
  | { readonly event: 'mirror.given-up'; readonly server: string; readonly reason: string }
  /** The order in Redis was read too late, and the present order replaces it. `epoch` is the largest epoch in Redis. */
  | {
      readonly event: 'mirror.read-late';
      readonly server: string;
      readonly epoch: number;
      readonly groups: number;
      readonly members: number;
    }
  /** The present order continues in this epoch. */
  | { readonly event: 'mirror.epoch-passed'; readonly server: string; readonly epoch: number }
  /** The server `other` writes the same mirror with the larger epoch `epoch`. */
  | { readonly event: 'mirror.conflict'; readonly server: string; readonly other: string; readonly epoch: number }
  | { readonly event: 'mirror.regained'; readonly server: string; readonly other: string }
  | { readonly event: 'cluster.entered'; readonly cluster: string; readonly server: string; readonly servers: number }
  /** By the decision of an administrator, the cluster `cluster` replaces the lost cluster `lost`. */
  | { readonly event: 'cluster.adopted'; readonly cluster: string; readonly lost: string }
  /** Redis is empty, and this server looks for servers of an earlier cluster before it creates one. */
  | { readonly event: 'cluster.looking'; readonly reason: string }
  /** This server cannot read or apply a record, or the entry of the record with this number. It waits until it can. */
  | {
      readonly event: 'cluster.blocked';
      readonly shard: number;
      readonly record: string;
      readonly entry: number | undefined;
      readonly reason: string;
    }
  | { readonly event: 'cluster.over'; readonly server: string; readonly why: string }
  | { readonly event: 'log.up' }
  | { readonly event: 'log.down'; readonly reason: string }
  | { readonly event: 'log.unusable' | 'log.usable'; readonly reason: string }
  | { readonly event: 'log.warning'; readonly sentence: string }
  | { readonly event: 'development-token' }
  | { readonly event: 'draining'; readonly signal: string; readonly members: number }
  | { readonly event: 'stopped'; readonly ms: number };

/** The fields of every event about a member. */
interface MemberEvent {
  readonly group: string;
  readonly member: string;
  readonly name: string;
  readonly rank: number;
  readonly size: number;
  readonly view: number;
}

/** A promotion: a member's rank number has fallen from `was` to `rank`. `cause` is a text. */
export interface Promotion {
  readonly member: string;
  readonly name: string;
  readonly rank: number;
  readonly was: number;
  readonly cause: string;
}

/** The fields of every event about the acceptance of a command. `rank` is the sender's. */
interface CommandEvent {
  readonly group: string;
  readonly name: string;
  readonly member: string;
  readonly from: string;
  readonly rank: number;
}

/** Receives one event. It must not throw and must not wait. */
export type Watcher = (event: ServerEvent) => void;
