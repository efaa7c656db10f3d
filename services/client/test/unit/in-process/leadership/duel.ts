/** Tests of leadership: two members that act whenever they may, and a check that they never do so at the same time. */

import { expect } from '@jest/globals';
import type { Fence, Membership } from '@rankd/client';
import { type SeededRandom, TIMINGS } from '@rankd/testkit';
import type { FleetProxy, InProcessClient, InProcessFleet } from '@rankd/testkit/in-process';
import { DEADLINE_MS } from '../fixture.js';

const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
/** The longest time that the leader's work needs to end, ms. It is shorter than a heartbeat, so that the server waits for it. */
const WORK_END_MS_MAX = 40;

/** The ways in which a member can ask whether it may act. */
type Way = 'rank' | 'fence' | 'signal';

/** An event that a contender received, and when. */
interface ContenderEvent {
  readonly event: 'joined' | 'rank' | 'lead' | 'stopped' | 'closed';
  readonly atMs: number;
  /** Its position among all events of the contenders of the duel. */
  readonly place: number;
  readonly rank?: number | undefined;
  readonly code?: string | undefined;
}

/** A process with one member that acts whenever it may. */
export class Contender {
  readonly name: string;
  readonly process: InProcessClient;
  readonly events: ContenderEvent[] = [];
  member: Membership | undefined;
  /** The fence and the signal of its work, once it has led. */
  leading: { readonly fence: Fence; readonly signal: AbortSignal } | undefined;
  state: 'alive' | 'dead' = 'alive';
  /** When it last acted, for each way of asking. */
  readonly lastActMs = new Map<Way, number>();

  constructor(name: string, process: InProcessClient) {
    this.name = name;
    this.process = process;
  }

  /** The fences with which it may act at this moment, for each way of asking. */
  fencesByWay(): [Way, Fence][] {
    const { member, leading } = this;
    if (this.state === 'dead' || member === undefined) return [];
    const acts: [Way, Fence | undefined][] = [
      ['rank', member.rank === 0 ? (member.fence ?? leading?.fence) : undefined],
      ['fence', member.fence],
      ['signal', leading?.signal.aborted === false ? leading.fence : undefined],
    ];
    return acts.filter((act): act is [Way, Fence] => act[1] !== undefined);
  }

  /** Exits at once, as after SIGKILL. */
  kill(): void {
    this.state = 'dead';
    this.process.kill();
  }
}

/**
 * Contenders for one rank 0. After every step of the clock and every promotion it checks two things: that no two contenders may
 * act, and that none may act with an older fence than was used before.
 */
export class Duel {
  readonly group: string;
  leader!: Contender;
  deputy!: Contender;
  /** The violations that were found. */
  readonly faults: string[] = [];
  readonly #fleet: InProcessFleet;
  readonly #random: SeededRandom;
  readonly #contenders: Contender[] = [];
  readonly #watch: { cancel(): void };
  #newestView = 0;
  #eventCount = 0;

  constructor(fleet: InProcessFleet, random: SeededRandom) {
    this.#fleet = fleet;
    this.#random = random;
    this.group = fleet.newGroup();
    this.#watch = fleet.time.watch(() => this.#check());
  }

  /** Starts a leader that acts and a deputy behind it, each with a port of its own. */
  async start(leadersPort: number, deputysPort: number): Promise<void> {
    this.leader = await this.enter(leadersPort);
    this.deputy = await this.enter(deputysPort);
    await this.waitForActs(this.leader);
  }

  /** Starts a leader and a deputy, each behind a proxy of its own. Returns the proxies. */
  async startBehindProxies(port: number): Promise<[FleetProxy, FleetProxy]> {
    const proxies: [FleetProxy, FleetProxy] = [this.#fleet.proxy(port), this.#fleet.proxy(port)];
    await this.start(proxies[0].port, proxies[1].port);
    return proxies;
  }

  /** Moves to another point between two heartbeats. Returns the time. */
  async passHeartbeats(): Promise<number> {
    await this.#fleet.time.pass(this.#random.below(2 * HEARTBEAT_MS));
    return this.#fleet.time.nowMs();
  }

  async enter(port: number): Promise<Contender> {
    const contender = new Contender(`c${this.#contenders.length}`, this.#fleet.process(port));
    this.#contenders.push(contender);
    await contender.process.join({
      name: contender.name,
      group: this.group,
      joinWithinMs: DEADLINE_MS,
      prepare: member => this.#prepare(contender, member),
    });
    return contender;
  }

  /** Resolves when a contender has received a matching event at `sinceMs` or later. */
  async waitForEvent(
    contender: Contender,
    fits: (told: ContenderEvent) => boolean,
    sinceMs: number,
    what: string,
  ): Promise<ContenderEvent> {
    const probe = (): ContenderEvent | undefined => contender.events.find(told => told.atMs >= sinceMs && fits(told));
    return await this.#fleet.time.eventually(DEADLINE_MS, `${contender.name}: ${what}`, probe);
  }

  async waitForJoin(contender: Contender, rank: number, sinceMs: number): Promise<void> {
    await this.waitForEvent(
      contender,
      told => told.event === 'joined' && told.rank === rank,
      sinceMs,
      `joined ${rank}`,
    );
  }

  /** Checks that the deputy is promoted within the bound. Returns when it was, ms. */
  async waitForTakeover(sinceMs: number, boundMs: number): Promise<number> {
    const leads = ({ event, rank }: ContenderEvent): boolean => rank === 0 || event === 'lead';
    const { atMs } = await this.waitForEvent(this.deputy, leads, sinceMs, 'rank 0');
    expect(atMs - sinceMs).toBeLessThanOrEqual(boundMs);
    return atMs;
  }

  /** Resolves when the contender leads and has acted in each way since then. */
  async waitForActs(contender: Contender): Promise<void> {
    const sinceMs = this.#fleet.time.nowMs();
    const ways: readonly Way[] = ['rank', 'fence', 'signal'];
    await this.#fleet.time.eventually(DEADLINE_MS, `acts of ${contender.name}`, () =>
      ways.every(way => (contender.lastActMs.get(way) ?? -1) >= sinceMs) ? true : undefined,
    );
  }

  /** Exchanges the roles: the deputy leads, and the earlier leader is its deputy. */
  async swap(): Promise<void> {
    await this.waitForActs(this.deputy);
    [this.leader, this.deputy] = [this.deputy, this.leader];
  }

  /** The deputy leads, and a new contender is its deputy. */
  async renew(port: number): Promise<void> {
    this.leader = this.deputy;
    this.deputy = await this.enter(port);
    await this.waitForActs(this.leader);
  }

  /** Checks that there is no violation, and that the old leader has not acted in any way after that moment, though it had before. */
  expectNoActAfter(toldMs: number): void {
    expect(this.faults).toEqual([]);
    expect([...this.leader.lastActMs.keys()].sort()).toEqual(['fence', 'rank', 'signal']);
    for (const atMs of this.leader.lastActMs.values()) expect(atMs).toBeLessThanOrEqual(toldMs);
  }

  dispose(): void {
    this.#watch.cancel();
  }

  #prepare(contender: Contender, member: Membership): void {
    contender.member = member;
    const { time } = this.#fleet;
    const recordEvent = (event: ContenderEvent['event'], fields: Partial<ContenderEvent> = {}): void => {
      this.#check();
      this.#eventCount += 1;
      contender.events.push({ event, atMs: time.nowMs(), place: this.#eventCount, ...fields });
    };
    member.on('joined', ({ rank }) => recordEvent('joined', { rank }));
    member.on('rank', ({ rank }) => recordEvent('rank', { rank }));
    member.on('closed', ({ error }) => recordEvent('closed', { code: error?.code }));
    member.handle('swallow', () => null);
    void member.lead(async (signal, fence) => {
      contender.leading = { fence, signal };
      recordEvent('lead');
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
      await new Promise<void>(resolve => time.after(this.#random.below(WORK_END_MS_MAX), resolve));
      recordEvent('stopped');
    });
  }

  #check(): void {
    const { time } = this.#fleet;
    const acting = new Set<string>();
    for (const contender of this.#contenders) {
      for (const [way, { view }] of contender.fencesByWay()) {
        contender.lastActMs.set(way, time.nowMs());
        acting.add(contender.name);
        if (view < this.#newestView) this.faults.push(`${time.nowMs()}: ${contender.name} acts by an old ${way}`);
        this.#newestView = Math.max(this.#newestView, view);
      }
    }
    if (acting.size > 1) this.faults.push(`${time.nowMs()}: ${[...acting].join(' and ')} act at once`);
  }
}
