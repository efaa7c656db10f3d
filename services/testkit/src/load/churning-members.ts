/** Members that join and leave all the time. */

import { RawPeer, type Frame } from '../network/raw-peer.js';

const COMMAND_EVERY_MS = 1000;
const WAYS = ['leave', 'fin', 'reset'] as const;
type WayToLeave = (typeof WAYS)[number];

interface ChurningMember {
  readonly peer: RawPeer;
  rank: unknown;
  /** The code of the server's `bye`. */
  byeCode: string | undefined;
  isLeaving: boolean;
}

/** The totals of the members. */
export interface ChurnTotals {
  /** The reason for each member that lost its session without asking to leave. */
  readonly lost: readonly string[];
  readonly departures: number;
  readonly deliveries: number;
}

/** Many members in one process. They answer pings and commands. After `startChurn`, members leave and others join all the time. */
export class ChurningMembers {
  readonly #port: number;
  readonly #churnPerSecond: number;
  readonly #members = new Set<ChurningMember>();
  readonly #lost: string[] = [];
  #departures = 0;
  #deliveries = 0;
  #timers: NodeJS.Timeout[] = [];

  constructor(port: number, churnPerSecond: number) {
    this.#port = port;
    this.#churnPerSecond = churnPerSecond;
  }

  /** Joins members. */
  async joinMany(count: number): Promise<void> {
    while (this.#members.size < count) await this.#join();
  }

  /** Starts to replace members. */
  startChurn(): void {
    this.#timers = [
      setInterval(() => void this.#replaceOne(), 1000 / this.#churnPerSecond),
      setInterval(() => this.#sendCommand(), COMMAND_EVERY_MS),
    ];
  }

  /** Stops the churn and resets the connections of all members. Returns the totals. */
  endAll(): ChurnTotals {
    for (const timer of this.#timers) clearInterval(timer);
    for (const member of this.#members) this.#endMember(member, 'reset');
    return { lost: this.#lost, departures: this.#departures, deliveries: this.#deliveries };
  }

  /** Resolves when the server has welcomed a new member. */
  async #join(): Promise<void> {
    let onWelcome: () => void = () => undefined;
    const welcomed = new Promise<void>(resolve => {
      onWelcome = resolve;
    });
    const peer = await RawPeer.connect(this.#port, {
      onFrame: frame => {
        if (frame.type === 'welcome') onWelcome();
        this.#handleFrame(member, frame);
      },
    });
    const member: ChurningMember = { peer, rank: undefined, byeCode: undefined, isLeaving: false };
    const closed = peer.closed.then(() => {
      this.#members.delete(member);
      if (!member.isLeaving) this.#lost.push(member.byeCode ?? 'closed without a bye');
      throw new Error('a member was closed before its welcome');
    });
    closed.catch(() => undefined);
    peer.send({ type: 'hello' });
    await Promise.race([welcomed, closed]);
    this.#members.add(member);
  }

  #handleFrame(member: ChurningMember, frame: Frame): void {
    if (frame.type === 'welcome' || frame.type === 'view') member.rank = frame['rank'];
    else if (frame.type === 'bye') member.byeCode = textOf(frame['code']);
    else if (frame.type === 'command') {
      this.#deliveries += 1;
      if (!member.isLeaving) member.peer.send({ type: 'result', seq: frame['seq'], status: 'done' });
    }
  }

  /** Replaces one member by another. It may be the leader. */
  async #replaceOne(): Promise<void> {
    const leaving = [...this.#members][Math.floor(Math.random() * this.#members.size)];
    if (leaving === undefined) return;
    this.#endMember(leaving, WAYS[this.#departures % WAYS.length] ?? 'leave');
    this.#departures += 1;
    await this.#join().catch(() => undefined);
  }

  #endMember(member: ChurningMember, way: WayToLeave): void {
    member.isLeaving = true;
    this.#members.delete(member);
    const { peer } = member;
    if (way === 'leave') peer.sendAndFin({ type: 'leave' });
    else if (way === 'fin') peer.fin();
    else peer.reset();
  }

  #sendCommand(): void {
    const leader = [...this.#members].find(({ rank }) => rank === 0);
    leader?.peer.send({ type: 'command', id: 'soak', name: 'work', args: 'a text for every member' });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
