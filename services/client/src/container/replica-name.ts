import { Resolver } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';

/** Docker answers within milliseconds, unless a fleet starts on a machine that is busy already. */
const DNS_MS = 1000;

/**
 * What to call this process: in a container the replica's own name as Compose prefixes its log lines (`client-3`), which
 * Docker's DNS tells for its address (`project-client-3.project_default`); else the host's.
 */
export async function replicaName(): Promise<string> {
  const address = ownAddress();
  if (address === undefined) return hostname();
  const names = await namesOf(address, new Resolver());
  return replicaOf(names) ?? hostname();
}

/** A query that is not answered in time is called off: it would keep the process from ending. */
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

/** `comp-client-1.comp_default` → `client-1`: the network's name begins with the project's. */
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

/** 172.18.0.4 → 4.0.18.172.in-addr.arpa */
function reverseName(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
}
