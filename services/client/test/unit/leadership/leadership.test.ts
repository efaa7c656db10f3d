import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { within } from '@rankd/testkit';
import { LeadershipLoop, waitUntil, type Work } from '../../../src/leadership/leadership.js';
import type { Fence } from '../../../src/session/seat.js';

/** A member that leads when the test says so. */
class FakeMember extends EventEmitter {
  fence: Fence | undefined;
  isClosed = false;

  leads(view: number): void {
    this.fence = { epoch: 70, view };
    this.emit('rank');
  }

  leadsNoMore(event: 'suspended' | 'rank' | 'disconnected' = 'suspended'): void {
    this.fence = undefined;
    this.emit(event);
  }

  close(): void {
    this.fence = undefined;
    this.isClosed = true;
    this.emit('closed');
  }

  get listening(): number {
    return this.eventNames().reduce((count, event) => count + this.listenerCount(event), 0);
  }
}

/** Returns work that runs until its signal is aborted, and a log of what happened. */
function workOf(): { readonly work: Work; readonly log: string[]; readonly last: () => AbortSignal | undefined } {
  const log: string[] = [];
  let last: AbortSignal | undefined;
  const work: Work = async (signal, { view }) => {
    last = signal;
    log.push(`begins ${view}`);
    await new Promise(resolve => signal.addEventListener('abort', resolve));
    log.push(`ends ${view}`);
  };
  return { work, log, last: () => last };
}

/** Resolves when everything that is ready to run has run. */
async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

async function never(): Promise<never> {
  return new Promise(() => undefined);
}

describe('leader work', () => {
  it('starts when the member becomes rank 0, or at once if it has rank 0, and is aborted when the leadership ends', async () => {
    const member = new FakeMember();
    const { work, log } = workOf();
    const run = new LeadershipLoop(member, work).run(undefined);
    await settled();
    expect(log).toEqual([]);
    member.leads(4);
    await settled();
    member.leadsNoMore();
    await settled();
    expect(log).toEqual(['begins 4', 'ends 4']);
    member.close();
    await within(1000, 'lead', run);
  });

  it('is not restarted by events that do not change the leadership', async () => {
    const member = new FakeMember();
    member.leads(4);
    const { work, log } = workOf();
    const run = new LeadershipLoop(member, work).run(undefined);
    await settled();
    for (const event of ['joined', 'rank', 'acting']) member.emit(event);
    await settled();
    expect(log).toEqual(['begins 4']);
    member.close();
    await run;
  });

  it('starts again with the same fence when the member acts again, and after a resumption', async () => {
    const member = new FakeMember();
    member.leads(4);
    const { work, log } = workOf();
    const run = new LeadershipLoop(member, work).run(undefined);
    await settled();
    for (const event of ['suspended', 'disconnected'] as const) {
      member.leadsNoMore(event);
      await settled();
      member.leads(4);
      await settled();
    }
    expect(log).toEqual(['begins 4', 'ends 4', 'begins 4', 'ends 4', 'begins 4']);
    member.close();
    await run;
  });

  it('starts again if the leadership ended unnoticed between two checks', async () => {
    const member = new FakeMember();
    member.leads(4);
    const { work, log } = workOf();
    const run = new LeadershipLoop(member, work).run(undefined);
    await settled();
    member.leads(9);
    await settled();
    expect(log).toEqual(['begins 4', 'ends 4', 'begins 9']);
    member.close();
    await run;
  });

  it('runs once at a time: a new leadership waits for the earlier work, and is skipped if it ends during that wait', async () => {
    const member = new FakeMember();
    member.leads(1);
    const log: number[] = [];
    let finish: () => void = () => undefined;
    const run = new LeadershipLoop(member, async (_, { view }) => {
      log.push(view);
      await new Promise<void>(resolve => (finish = resolve));
    }).run(undefined);
    await settled();
    for (const view of [2, 3]) {
      member.leadsNoMore();
      member.leads(view);
    }
    await settled();
    expect(log).toEqual([1]);
    finish();
    await settled();
    expect(log).toEqual([1, 3]);
    member.close();
    finish();
    await run;
  });

  it('R-LEAD-3 has a signal that checks the clock: it is aborted before any event', async () => {
    const member = new FakeMember();
    member.leads(4);
    const { work, last } = workOf();
    const run = new LeadershipLoop(member, work).run(undefined);
    await settled();
    expect(last()?.aborted).toBe(false);
    member.fence = undefined;
    expect(last()?.aborted).toBe(true);
    member.close();
    await run;
  });
});

describe('lead()', () => {
  it('rejects with the error that the work throws while the member leads', async () => {
    const member = new FakeMember();
    member.leads(4);
    const run = new LeadershipLoop(member, () => {
      throw new Error('no paper');
    }).run(undefined);
    await expect(run).rejects.toThrow('no paper');
    expect(member.listening).toBe(0);
  });

  it('ignores the error that the work throws after the member has stopped leading', async () => {
    const member = new FakeMember();
    member.leads(4);
    let terms = 0;
    const run = new LeadershipLoop(member, async signal => {
      terms += 1;
      await new Promise(resolve => signal.addEventListener('abort', resolve));
      signal.throwIfAborted();
    }).run(undefined);
    await settled();
    member.leadsNoMore();
    await settled();
    member.leads(6);
    await settled();
    expect(terms).toBe(2);
    member.close();
    await expect(run).resolves.toBeUndefined();
  });

  it('ends by its signal: it aborts the work, waits for it, and rejects with ABORTED', async () => {
    const member = new FakeMember();
    member.leads(4);
    const { work, log } = workOf();
    const calling = new AbortController();
    const run = new LeadershipLoop(member, work).run(calling.signal);
    await settled();
    calling.abort('enough');
    await expect(run).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect([log, member.listening]).toEqual([['begins 4', 'ends 4'], 0]);
  });

  it('runs no work if its signal was aborted before', async () => {
    const member = new FakeMember();
    member.leads(4);
    const { work, log } = workOf();
    await expect(new LeadershipLoop(member, work).run(AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    await settled();
    expect([log, member.listening]).toEqual([[], 0]);
  });

  it('resolves at once if the membership is closed', async () => {
    const member = new FakeMember();
    member.close();
    await within(1000, 'lead', new LeadershipLoop(member, never).run(undefined));
    expect(member.listening).toBe(0);
  });

  it('resolves `workDone` when its work has ended, in any state of the member', async () => {
    const member = new FakeMember();
    member.leads(4);
    let finish: () => void = () => undefined;
    const leading = new LeadershipLoop(member, async () => new Promise<void>(resolve => (finish = resolve)));
    const run = leading.run(undefined);
    await settled();
    member.leadsNoMore();
    let hasEnded = false;
    const ended = leading.workDone.then(() => (hasEnded = true));
    await settled();
    expect(hasEnded).toBe(false);
    finish();
    await within(1000, 'end of the work', ended);
    member.close();
    await run;
  });
});

describe('waiting for a condition', () => {
  it('ends when the condition is true, which is checked after each change', async () => {
    const member = new FakeMember();
    let rank = 2;
    const until = waitUntil(member, () => rank === 0, undefined);
    member.emit('rank');
    rank = 0;
    member.emit('acting');
    await within(1000, 'rank 0', until);
    expect(member.listening).toBe(0);
  });

  it('ends at once if the condition is true', async () => {
    await within(
      1000,
      'rank 0',
      waitUntil(new FakeMember(), () => true, undefined),
    );
  });

  it('rejects with NOT_CONNECTED when the membership closes, or if it is closed', async () => {
    const member = new FakeMember();
    const until = waitUntil(member, () => false, undefined);
    member.close();
    await expect(until).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await expect(waitUntil(member, () => false, undefined)).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(member.listening).toBe(0);
  });

  it('rejects with ABORTED, even if the signal was aborted before', async () => {
    const member = new FakeMember();
    const calling = new AbortController();
    const until = waitUntil(member, () => false, calling.signal);
    calling.abort();
    await expect(until).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(waitUntil(member, () => false, calling.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(member.listening).toBe(0);
  });
});
