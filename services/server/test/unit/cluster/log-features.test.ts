import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Feature } from '@rankd/protocol';
import { type ClusterLog, HEARTBEAT_MS } from '../../../src/cluster/cluster-log.js';
import { formatOne } from '../../../src/cluster/formats/format-one.js';
import { formatTwo } from '../../../src/cluster/formats/format-two.js';
import { featuresOfFormat, logFormats, LogFormats } from '../../../src/cluster/formats/log-format.js';
import { decodeRecord, encodeBatch } from '../../../src/cluster/record-format.js';
import { LocalLog } from '../../../src/log/local-log.js';
import { resigned } from '../core/reference/entries.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { GatewayFixture } from '../gateway/gateway-fixture.js';
import { createClusterLog } from './shard-fixture.js';
import { SharedStream, SharedStreamEnd } from './shared-stream.js';

/** A log whose shard is in format 1 until the test raises it. */
class OldLog extends LocalLog {
  features: readonly Feature[] = [];

  override featuresOf(): readonly Feature[] {
    return this.features;
  }
}

function gatewayOnOldLog(): { readonly fixture: GatewayFixture; readonly log: () => OldLog } {
  let log: OldLog | undefined;
  const fixture = new GatewayFixture({}, coordinator => (log = new OldLog(coordinator)));
  return { fixture, log: () => log as OldLog };
}

describe('the features of a log', () => {
  it('R-RESIGN-1 are none in format 1, and `resign` since format 2', () => {
    expect([1, 2, 3].map(featuresOfFormat)).toEqual([[], ['resign'], ['resign']]);
  });

  it('R-RESIGN-1 depend on the format of the shard, and appear when it is raised', async () => {
    const clock = new FakeClock();
    const stream = new SharedStream();
    const pass = async (ms: number): Promise<void> => {
      clock.pass(ms);
      for (let turn = 0; turn < 8; turn += 1) {
        await setImmediate();
        clock.settle();
      }
    };
    const enter = async (server: string, formats: LogFormats): Promise<ClusterLog> => {
      const settings = { since: clock.wallMs(), formats };
      const log = createClusterLog(server, clock, [new SharedStreamEnd(stream)], { settings });
      const entering = log.join();
      for (let count = 0; count < 10; count += 1) await pass(0);
      await entering;
      return log;
    };
    const old = await enter('old', new LogFormats([formatOne], 3));
    const current = await enter('current', new LogFormats([formatOne, formatTwo], 3));
    for (let beat = 0; beat < 6; beat += 1) await pass(HEARTBEAT_MS);
    expect([old.featuresOf('default'), current.featuresOf('default')]).toEqual([[], []]);
    const left = old.leave();
    for (let count = 0; count < 10; count += 1) await pass(0);
    await left;
    for (let beat = 0; beat < 6; beat += 1) await pass(HEARTBEAT_MS);
    expect(current.featuresOf('default')).toEqual(['resign']);
    await current.close();
  });

  it('R-RESIGN-1 make format 1 refuse the entry, which format 2 reads and writes', () => {
    const text = formatTwo.encodeEntry(resigned('a'));
    const decoded = [1, 2].map(version => decodeRecord(encodeBatch('s', 1, [text], version), logFormats));
    expect(decoded).toMatchObject([
      { kind: 'unreadable', reason: expect.stringContaining('"resigned" is unknown') },
      { kind: 'parcel' },
    ]);
    expect(JSON.parse(text)).toEqual(resigned('a'));
  });
});

describe('a gateway on a log in format 1', () => {
  it('R-RESIGN-1 does not offer `resign`, answers UNSUPPORTED, and changes nothing', () => {
    const { fixture } = gatewayOnOldLog();
    const [ann, ben] = [fixture.join({ name: 'ann' }), fixture.join({ name: 'ben' })];
    expect(ann.frames[0]).toMatchObject({ type: 'welcome', features: [] });
    const told = ben.frames.length;
    ann.send({ type: 'resign' });
    fixture.clock.pass(50);
    expect(ann.frames.at(-1)).toMatchObject({
      type: 'error',
      code: 'UNSUPPORTED',
      message: expect.stringContaining('resign'),
    });
    expect(ben.frames).toHaveLength(told);
    const observer = fixture.join({ role: 'observer' });
    observer.send({ type: 'resign' });
    fixture.clock.pass(50);
    expect(observer.frames.at(-1)).toMatchObject({ type: 'error', code: 'FORBIDDEN' });
  });

  it('R-JOIN-1 refuses a member that requires it, and admits one when the format is raised', () => {
    const { fixture, log } = gatewayOnOldLog();
    const early = fixture.join({ require: ['resign'] });
    expect(early.frames.at(-1)).toMatchObject({ type: 'bye', code: 'UNSUPPORTED', retry: false });
    const old = fixture.join();
    log().features = ['resign'];
    const late = fixture.join({ require: ['resign'] });
    expect(late.frames[0]).toMatchObject({ type: 'welcome', features: ['resign'], rank: 1 });
    // A session that was opened before may use the feature too.
    old.send({ type: 'resign' });
    fixture.clock.pass(50);
    expect(old.frames.at(-1)).toMatchObject({ type: 'view', rank: 1, cause: { kind: 'moved', reason: 'RESIGNED' } });
  });
});
