/** The name of the client container: that of its Compose replica. */

import { Resolver } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';

/** How long to wait for Docker's DNS, ms. It answers within milliseconds, except when many containers start on a busy machine. */
const DNS_MS = 1000;

/**
 * Returns a name for this process. In a Compose container it is the name of the replica, as in Compose's log lines: `client-3`. It is part
 * of the name that Docker's DNS returns for the container's address (`project-client-3.project_default`). Elsewhere it is the host name.
 */
export async function replicaName(): Promise<string> {
  const address = ownAddress();
  if (address === undefined) return hostname();
  const names = await namesOf(address, new Resolver());
  return replicaOf(names) ?? hostname();
}

/**
 * Resolves the names of an address. After 1000 ms it returns none and cancels the query, because an open query keeps the process running.
 */
export async function namesOf(address: string, resolver: Resolver): Promise<string[]> {
  const callOff = setTimeout(() => resolver.cancel(), DNS_MS);
  try {
    return await resolver.resolvePtr(reverseName(address));
  } catch {
    return [];
  } finally {
    clearTimeout(callOff);
  }
}

/**
 * Returns the replica's name: `comp-client-1.comp_default` → `client-1`. The project's name, which is the start of the network's name, is
 * removed.
 */
export function replicaOf(names: readonly string[]): string | undefined {
  for (const name of names) {
    const [container, network] = name.split('.', 2);
    const project = network?.split('_').slice(0, -1).join('_') ?? '';
    if (container === undefined || project === '' || !container.startsWith(`${project}-`)) continue;
    return container.slice(project.length + 1);
  }
  return undefined;
}

function ownAddress(): string | undefined {
  const external = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
  return external.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

/** Returns the DNS name for reverse lookups: 172.18.0.4 → 4.0.18.172.in-addr.arpa. */
function reverseName(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
}
