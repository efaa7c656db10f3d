/** Which other servers must show that they still run before this server decides about a hello. */

import { type Group, isServedBy, type ServerId, type ServerRegistry, sessionOf } from '../../core/index.js';

/** How long a hello waits for the other servers. Each appends a heartbeat every second. */
export const SERVERS_HEARD_MS = 2000;

/** The number of the last batch of each server. */
export type AwaitedServers = ReadonlyMap<ServerId, number>;

/** Returns the other servers that have sessions of members in the group. */
export function awaitedServers(registry: ServerRegistry, group: Group | undefined, own: ServerId): AwaitedServers {
  const sessions = group?.roster.slice().flatMap(member => sessionOf(member) ?? []) ?? [];
  const others = registry.servers.filter(({ id }) => id !== own && sessions.some(session => isServedBy(session, id)));
  return new Map(others.map(({ id, lastParcel }) => [id, lastParcel]));
}

/** Whether each of these servers has appended a batch since `awaitedServers` was called, or is no longer registered. */
export function haveAnswered(registry: ServerRegistry, servers: AwaitedServers): boolean {
  return [...servers].every(([id, last]) => registry.server(id)?.lastParcel !== last);
}
