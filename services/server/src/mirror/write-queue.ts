import type { Group, Member, RosterChangedEffect } from '../core/index.js';
import { GroupWriteQueue, type MirrorWrite } from './group-write-queue.js';

/** Groups that have ended and that Redis has not heard of; past it the oldest are let go, and their keys expire. */
const ENDED_GROUPS_MAX = 100;

/** What of every group Redis has not got yet. Bounded, however long Redis is away. */
export class WriteQueue {
  readonly #queues = new Map<string, GroupWriteQueue>();
  readonly #toWrite = new Set<string>();
  /** Groups whose last write failed. */
  readonly #failing = new Set<string>();
  /** Groups that nobody is in any more, oldest first. */
  readonly #ended = new Set<string>();

  /** The most views that any group is ahead of its copy. */
  get lagViews(): number {
    let most = 0;
    for (const groupQueue of this.#queues.values()) most = Math.max(most, groupQueue.lagViews);
    return most;
  }

  /** Does anything wait to be written? */
  get isWaiting(): boolean {
    return this.#toWrite.size > 0;
  }

  /** Has the last write of any group failed? */
  get isFailing(): boolean {
    return this.#failing.size > 0;
  }

  addChange(group: Group, change: RosterChangedEffect): void {
    const groupQueue = this.#queues.get(group.name) ?? new GroupWriteQueue(group);
    this.#queues.set(group.name, groupQueue);
    groupQueue.addChange(group, change);
    this.#toWrite.add(group.name);
    if (groupQueue.isEmpty) this.#rememberEnded(group.name);
    else this.#ended.delete(group.name);
  }

  /** False where nothing of its group has been noted. */
  addSeat(group: Group, member: Member): boolean {
    const groupQueue = this.#queues.get(group.name);
    if (groupQueue === undefined) return false;
    groupQueue.addSeat(member);
    this.#toWrite.add(group.name);
    return true;
  }

  /** It is for others to write, whatever of it has not been. */
  forget(name: string): void {
    this.#drop(name);
  }

  /** All of them wait to be written, even where Redis has them already. */
  requestAll(): void {
    for (const name of this.#queues.keys()) this.#toWrite.add(name);
  }

  /** What waits, each taken off as it comes; what is wanted meanwhile comes too. */
  *takeWaiting(): Generator<readonly [string, GroupWriteQueue], void, undefined> {
    for (const name of this.#toWrite) {
      this.#toWrite.delete(name);
      const groupQueue = this.#queues.get(name);
      if (groupQueue !== undefined) yield [name, groupQueue];
    }
  }

  /** Redis holds what `write` brought. */
  recordWritten(name: string, groupQueue: GroupWriteQueue, write: MirrorWrite): void {
    groupQueue.recordWritten(write);
    if (groupQueue.isOver) this.#drop(name);
    this.#failing.delete(name);
  }

  /** Redis asks for the whole roster: it comes next. */
  requestWhole(name: string, groupQueue: GroupWriteQueue): void {
    groupQueue.requireWhole();
    this.#toWrite.add(name);
  }

  /** Redis did not take it: it waits again. */
  recordFailed(name: string): void {
    this.#toWrite.add(name);
    this.#failing.add(name);
  }

  /** Groups come and go while Redis is away, and none of them may be remembered for ever. */
  #rememberEnded(name: string): void {
    this.#ended.delete(name);
    this.#ended.add(name);
    if (this.#ended.size <= ENDED_GROUPS_MAX) return;
    const [oldest = name] = this.#ended;
    this.#drop(oldest);
  }

  #drop(name: string): void {
    for (const names of [this.#queues, this.#toWrite, this.#failing, this.#ended]) names.delete(name);
  }
}
