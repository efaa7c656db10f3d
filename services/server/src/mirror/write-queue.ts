/** The queue of groups whose changes are not in Redis yet. */

import type { Group, Member, RosterChangedEffect } from '../core/index.js';
import { GroupWriteQueue, type MirrorWrite } from './group-write-queue.js';

/** The limit of empty groups whose last view is not written. Past it, the oldest is dropped, and its keys expire. */
const ENDED_GROUPS_MAX = 100;

/** The queue of groups with changes that Redis does not hold yet. It is bounded while Redis is unavailable. */
export class WriteQueue {
  readonly #queues = new Map<string, GroupWriteQueue>();
  readonly #toWrite = new Set<string>();
  /** Groups whose last write failed. */
  readonly #failing = new Set<string>();
  /** Groups without members, oldest first. */
  readonly #ended = new Set<string>();

  /** The largest number of views by which a copy is behind its group. */
  get lagViews(): number {
    let most = 0;
    for (const groupQueue of this.#queues.values()) most = Math.max(most, groupQueue.lagViews);
    return most;
  }

  /** Whether a group waits to be written. */
  get isWaiting(): boolean {
    return this.#toWrite.size > 0;
  }

  /** Whether the last write of any group has failed. */
  get isFailing(): boolean {
    return this.#failing.size > 0;
  }

  /** Queues a change of a group. */
  addChange(group: Group, change: RosterChangedEffect): void {
    const groupQueue = this.#queues.get(group.name) ?? new GroupWriteQueue(group);
    this.#queues.set(group.name, groupQueue);
    groupQueue.addChange(group, change);
    this.#toWrite.add(group.name);
    if (groupQueue.isEmpty) this.#rememberEnded(group.name);
    else this.#ended.delete(group.name);
  }

  /** Queues the changed secret of a member's seat. Returns false if the queue does not know the group. */
  addSeat(group: Group, member: Member): boolean {
    const groupQueue = this.#queues.get(group.name);
    if (groupQueue === undefined) return false;
    groupQueue.addSeat(member);
    this.#toWrite.add(group.name);
    return true;
  }

  /** Drops a group and its unwritten changes, because another server writes it now. */
  dropGroup(name: string): void {
    this.#removeGroup(name);
  }

  /** Drops all groups and their unwritten changes. */
  dropAllGroups(): void {
    for (const names of [this.#queues, this.#toWrite, this.#failing, this.#ended]) names.clear();
  }

  /** Queues a write of every group, also of those that Redis holds already. */
  enqueueAll(): void {
    for (const name of this.#queues.keys()) this.#toWrite.add(name);
  }

  /** Yields each queued group and removes it from the queue, including groups that are queued during the iteration. */
  *drainWaiting(): Generator<readonly [string, GroupWriteQueue], void, undefined> {
    for (const name of this.#toWrite) {
      this.#toWrite.delete(name);
      const groupQueue = this.#queues.get(name);
      if (groupQueue !== undefined) yield [name, groupQueue];
    }
  }

  /** Records that Redis holds `write`. */
  recordWritten(name: string, groupQueue: GroupWriteQueue, write: MirrorWrite): void {
    groupQueue.recordWritten(write);
    // The group may have been dropped, and begun again, since the write was built.
    if (this.#queues.get(name) !== groupQueue) return;
    if (groupQueue.isOver) this.#removeGroup(name);
    this.#failing.delete(name);
  }

  /** Queues a write of the whole roster, because Redis has asked for it. */
  enqueueWholeRoster(name: string, groupQueue: GroupWriteQueue): void {
    groupQueue.discardHeldView();
    if (this.#queues.has(name)) this.#toWrite.add(name);
  }

  /** Queues the group again, because its write has failed. The group may have been dropped since. */
  recordFailed(name: string): void {
    if (!this.#queues.has(name)) return;
    this.#toWrite.add(name);
    this.#failing.add(name);
  }

  /** Remembers an empty group and drops the oldest past ENDED_GROUPS_MAX, because groups come and go while Redis is unavailable. */
  #rememberEnded(name: string): void {
    this.#ended.delete(name);
    this.#ended.add(name);
    if (this.#ended.size <= ENDED_GROUPS_MAX) return;
    const [oldest = name] = this.#ended;
    this.#removeGroup(oldest);
  }

  #removeGroup(name: string): void {
    for (const names of [this.#queues, this.#toWrite, this.#failing, this.#ended]) names.delete(name);
  }
}
