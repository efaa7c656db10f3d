import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import type { ClusterLog } from '../../../src/cluster/cluster-log.js';
import type { ClusterEndReason } from '../../../src/cluster/cluster-ports.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { createClusterLog } from './shard-fixture.js';
import { SharedStream, SharedStreamEnd } from './shared-stream.js';

class BreakableEnd extends SharedStreamEnd {
  break(): void {
    this.listener?.onBroken('rewritten', '1-5');
  }
}

/** Its history check waits until `answer` is called. */
class SlowEnd extends SharedStreamEnd {
  answer: () => void = () => undefined;
  override containsRecord = async (): Promise<boolean> => {
    await new Promise<void>(resolve => (this.answer = resolve));
    return true;
  };
}

/** Joins the log, whose clock runs while it joins. */
async function joinLog(log: ClusterLog, clock: FakeClock): Promise<void> {
  const joining = log.join();
  for (let turn = 0; turn < 20; turn += 1) {
    await setImmediate();
    clock.settle();
  }
  await joining;
}

describe('The log of a server', () => {
  it('says so if it has ended after it joined, although its server has not started to serve yet', async () => {
    const clock = new FakeClock();
    const end = new BreakableEnd(new SharedStream());
    const reasons: ClusterEndReason[] = [];
    const log = createClusterLog('server', clock, [end], {
      listener: { onIncarnationEnd: why => reasons.push(why) },
    });
    await joinLog(log, clock);
    expect(() => log.requireOpen()).not.toThrow();
    end.break();
    expect(reasons).toEqual(['rewritten']);
    expect(() => log.requireOpen()).toThrow(/a stream of the cluster log failed.*rewritten/);
    expect([log.isCurrent(), log.sinceLastAckMs]).toEqual([false, Number.POSITIVE_INFINITY]);
  });

  it('follows no stream after it was closed, also if it was still checking the history of one', async () => {
    const clock = new FakeClock();
    const stream = new SharedStream();
    stream.add(['{}']);
    const end = new SlowEnd(stream);
    const last = { position: { epoch: 1, seq: 0 }, mark: 'm' };
    const before = { server: 'earlier', last, lastBatch: 1, epochLast: 0, epochLost: 0 };
    const log = createClusterLog('server', clock, [end], { resumePoint: [before] });
    const joining = log.join();
    await setImmediate();
    await log.close();
    end.answer();
    await joining;
    expect(stream.followers.size).toBe(0);
  });
});
