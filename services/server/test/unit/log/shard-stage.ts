import type { Clock } from '../../../src/clock.js';
import type { RecordStream } from '../../../src/log/record-stream.js';
import type { ShardPorts } from '../../../src/log/shard-ports.js';
import { rulesOf } from '../core/entries.js';

/** What a server brings to a shard in which nobody hears what happens; `own`: what is different this time. */
export function shardPortsOf(
  server: string,
  clock: Clock,
  stream: RecordStream,
  own: Partial<ShardPorts> = {},
): ShardPorts {
  return {
    clock,
    stream,
    server,
    since: 0,
    legacy: undefined,
    name: server,
    rules: rulesOf(),
    epochLast: 0,
    holdsUntilAcked: false,
    perform: () => undefined,
    found: () => undefined,
    fleetChanged: () => undefined,
    wrote: () => undefined,
    over: () => undefined,
    ...own,
  };
}
