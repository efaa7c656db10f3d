/** The verb `servers`. */

import { printable } from '@rankd/protocol';
import { formatAge } from '../output/format-duration.js';
import { fetchServersReport, type ServersReport, type SidePort } from '../http-client.js';
import type { Screen } from '../terminal/terminal.js';
import { textTable } from '../output/text-table.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

type ClusterReport = NonNullable<ServersReport['cluster']>;

/** The verb `servers`: prints the servers of a cluster, as the server of this side port knows them. The side port serves HTTP. */
export async function servers(call: CommandContext, port: SidePort): Promise<ExitCode> {
  const { cluster } = await fetchServersReport(port);
  if (call.json) writeJson(call, cluster ?? { state: 'standalone', servers: [] });
  else call.terminal.write(formatServers(cluster, Date.now(), call.terminal).join('\n'));
  return 0;
}

function formatServers(cluster: ClusterReport | undefined, nowMs: number, screen: Screen): string[] {
  if (cluster === undefined) return ['This server is not in a cluster.'];
  const { state, reason, server, servers: all, epoch, lagEntries, shardsFollowed } = cluster;
  const count = `${all.length} ${all.length === 1 ? 'server' : 'servers'}`;
  const follows = `follows ${shardsFollowed} ${shardsFollowed === 1 ? 'shard' : 'shards'}`;
  const behind = lagEntries === 0 ? [] : [`${lagEntries} records behind`];
  const title = [count, `epoch ${epoch}`, follows, ...behind, state].map(part => printable(part)).join(' · ');
  const notes = reason === undefined ? [] : [printable(reason)];
  if (all.length === 0) return [title, ...notes, 'This server has not joined the cluster yet.'];
  const rows = all.map(({ id, name, address, upAt, applied }) => {
    const isThis = id === server;
    const age = formatAge(new Date(upAt).toISOString(), nowMs);
    const cells = [isThis ? `${id} *` : id, name, address ?? '-', age, applied];
    return cells.map(text => ({ text, style: isThis ? ('bold' as const) : undefined }));
  });
  return [title, ...notes, ...textTable(['SERVER', 'NAME', 'ADDRESS', 'AGE', 'APPLIED'], rows, screen)];
}
