/** Which other servers must show that they still run before this server decides about a hello. */

import { type Group, isServedBy, type ServerId, type ServerRegistry } from '../../core/index.js';

/** How long a hello waits for the other servers. Each appends a heartbeat every second. */
export const SERVERS_HEARD_MS = 2000;

/** The number of the last batch of each server. */
export type AwaitedServers = ReadonlyMap<ServerId, number>;

/** Returns the other servers that have sessions in the group. */
export function awaitedServers(registry: ServerRegistry, group: Group | undefined, own: ServerId): AwaitedServers {
  const isAwaited = (id: ServerId): boolean =>
    id !== own && group?.involves(session => isServedBy(session, id)) === true;
  return new Map(registry.servers.filter(({ id }) => isAwaited(id)).map(({ id, lastParcel }) => [id, lastParcel]));
}

/** Whether each of these servers has appended a batch since `awaitedServers` was called, or is no longer registered. */
export function haveAnswered(registry: ServerRegistry, servers: AwaitedServers): boolean {
  return [...servers].every(([id, last]) => registry.server(id)?.lastParcel !== last);
}
