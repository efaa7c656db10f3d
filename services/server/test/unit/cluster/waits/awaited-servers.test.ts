import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ClusterLog, HEARTBEAT_MS } from '../../../../src/cluster/cluster-log.js';
import { SERVERS_HEARD_MS } from '../../../../src/cluster/waits/awaited-servers.js';
import { BEATS_UNTIL_LOST } from '../../../../src/core/index.js';
import { formatOne } from '../../../../src/cluster/formats/format-one.js';
import { LogFormats } from '../../../../src/cluster/formats/log-format.js';
import { joined, newcomer } from '../../core/reference/entries.js';
import { FakeClock } from '../../gateway/fake-clock.js';
import { createClusterLog } from '../shard-fixture.js';
import { SharedStream, SharedStreamEnd } from '../shared-stream.js';

const TURN_MS = 100;

let clock: FakeClock;
let stream: SharedStream;

beforeEach(() => {
  clock = new FakeClock();
  stream = new SharedStream();
});

async function pass(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= TURN_MS) {
    clock.pass(Math.min(TURN_MS, leftMs));
    for (let turn = 0; turn < 8; turn += 1) {
      await setImmediate();
      clock.settle();
    }
  }
}

async function enter(server: string, formats?: LogFormats): Promise<ClusterLog> {
  const settings = { since: clock.wallMs(), ...(formats === undefined ? {} : { formats }) };
  const log = createClusterLog(server, clock, [new SharedStreamEnd(stream)], { settings });
  const entering = log.join();
  await pass(5 * TURN_MS);
  await entering;
  return log;
}

/** Two servers, each with one member of the group. */
async function twoServers(formats?: LogFormats): Promise<{ one: ClusterLog; two: ClusterLog }> {
  const [one, two] = [await enter('one', formats), await enter('two', formats)];
  for (const [server, log] of Object.entries({ one, two })) {
    const own = newcomer(server, { session: `${server}/1` });
    log.append(joined(server, { at: clock.wallMs(), newcomer: own }));
  }
  await pass(2 * HEARTBEAT_MS);
  return { one, two };
}

/** Asks for the servers of a group. Returns the answers so far. */
function ask(log: ClusterLog, group = 'default'): string[] {
  const answers: string[] = [];
  log.awaitServersOf(group, answer => void answers.push(answer));
  return answers;
}

describe('awaitServersOf', () => {
  it('waits for the next heartbeat of a server that runs', async () => {
    const { two } = await twoServers();
    const answers = ask(two);
    await setImmediate();
    expect(answers).toEqual([]);
    await pass(HEARTBEAT_MS);
    expect(answers).toEqual(['reached']);
  });

  it('ends with `unreachable` after SERVERS_HEARD_MS for a server that has died, until it is declared lost', async () => {
    const { one, two } = await twoServers();
    await one.close();
    const answers = ask(two);
    await pass(SERVERS_HEARD_MS - TURN_MS);
    expect(answers).toEqual([]);
    await pass(2 * TURN_MS);
    expect(answers).toEqual(['unreachable']);
    await pass((BEATS_UNTIL_LOST + 1) * HEARTBEAT_MS);
    const later = ask(two);
    await setImmediate();
    expect(later).toEqual(['reached']);
  });

  it('waits for no server without a session in the group, nor for itself', async () => {
    const { one, two } = await twoServers();
    two.append(joined('x', { group: 'own', at: clock.wallMs(), newcomer: newcomer('x', { session: 'two/2' }) }));
    await pass(HEARTBEAT_MS);
    await one.close();
    const answers = [ask(two, 'own'), ask(two, 'nobody')];
    await setImmediate();
    expect(answers).toEqual([['reached'], ['reached']]);
  });

  it('does not wait in format 1 of the log, in which no hello changes the epoch', async () => {
    const { two } = await twoServers(new LogFormats([formatOne]));
    const answers = ask(two);
    await setImmediate();
    expect(answers).toEqual(['reached']);
  });

  it('answers `unreachable` at once if this server does not follow the shard', () => {
    const log = createClusterLog('one', clock, [new SharedStreamEnd(stream)]);
    expect(ask(log)).toEqual(['unreachable']);
  });
});
