import { describe, expect, it } from '@jest/globals';
import { Coordinator, type Entry } from '../../../src/core/index.js';
import { LocalLog } from '../../../src/log/local-log.js';
import { goodbye, joined, newcomer, rulesOf } from '../core/entries.js';
import { GatewayStage } from './gateway-stage.js';

/** An order that is decided elsewhere: what is appended comes back when the test says so. */
class LateLog extends LocalLog {
  readonly #undecided: Entry[] = [];

  override append(entry: Entry): void {
    this.#undecided.push(entry);
  }

  /** The next ones have their place. */
  decide(count = this.#undecided.length): void {
    for (const entry of this.#undecided.splice(0, count)) super.append(entry);
  }

  get undecided(): readonly string[] {
    return this.#undecided.map(({ kind }) => kind);
  }
}

function staged(environment: Readonly<Record<string, string>> = {}): { stage: GatewayStage; log: LateLog } {
  let log: LateLog | undefined;
  const stage = new GatewayStage(environment, coordinator => (log = new LateLog(coordinator)));
  if (log === undefined) throw new Error('the stage has made no log');
  return { stage, log };
}

describe('An order that decides late', () => {
  it('R-VIEW-4 keeps nobody who was gone from the waitlist before it was given a seat', () => {
    const { stage, log } = staged({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const first = stage.join();
    const second = stage.join();
    log.decide();
    stage.clock.settle();
    expect(second.last?.type).toBe('waiting');
    first.close();
    second.close();
    expect(log.undecided).toEqual(['departed', 'waiting-left']);
    log.decide();
    expect(log.groups.get('default')?.roster.size).toBe(1);
    log.decide();
    expect(log.groups.get('default')).toBeUndefined();
  });

  it('R-VIEW-4 keeps nobody who was gone before its hello was decided on, nor on the waitlist', () => {
    const { stage, log } = staged({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const peers = [stage.join(), stage.join()];
    for (const peer of peers) peer.close();
    log.decide(2);
    expect(log.undecided).toEqual(['departed', 'waiting-left']);
    log.decide();
    log.decide();
    expect(log.groups.get('default')).toBeUndefined();
  });

  it('is followed where the first that is performed of a group is its end', () => {
    const coordinator = new Coordinator(rulesOf(), 0);
    coordinator.apply(joined('a', { newcomer: newcomer('a', { session: 'other/s1' }) }));
    const log = new LateLog(coordinator);
    const stage = new GatewayStage({}, () => log);
    const observer = stage.join({ role: 'observer', token: 'admin', updates: 'rank' });
    log.append(goodbye('a', { session: 'other/s1' }));
    log.decide();
    stage.clock.settle();
    expect(observer.last).toMatchObject({ type: 'view', size: 0 });
  });
});
