/** The groups with changes that Redis does not have yet. */

import type { Group, Member, RosterChangedEffect } from '../core/index.js';
import { GroupWriteQueue, type MirrorWrite } from './group-write-queue.js';

/**
 * The limit of groups without members whose last view is not written. Above it, the oldest group is dropped, and its keys in Redis expire.
 */
const ENDED_GROUPS_MAX = 100;

/** The queue of groups with changes that Redis does not have yet. It is bounded while Redis is unavailable. */
export class WriteQueue {
  readonly #queues = new Map<string, GroupWriteQueue>();
  readonly #toWrite = new Set<string>();
  /** The groups whose last write failed. */
  readonly #failing = new Set<string>();
  /** The groups without members, oldest first. */
  readonly #ended = new Set<string>();

  /** The number of views that a group has and Redis does not have yet: the largest number of all groups. */
  get lagViews(): number {
    let most = 0;
    for (const groupQueue of this.#queues.values()) most = Math.max(most, groupQueue.lagViews);
    return most;
  }

  /** Whether a group waits to be written. */
  get isWaiting(): boolean {
    return this.#toWrite.size > 0;
  }

  /** Whether the last write of at least one group has failed. */
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

  /** Queues the new secret of a member's seat. Returns false if the queue does not know the group. */
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

  /** Queues a write of every group, even without changes. */
  enqueueAll(): void {
    for (const name of this.#queues.keys()) this.#toWrite.add(name);
  }

  /** Yields each queued group and removes it from the queue. Includes groups that are queued during the iteration. */
  *drainWaiting(): Generator<readonly [string, GroupWriteQueue], void, undefined> {
    for (const name of this.#toWrite) {
      this.#toWrite.delete(name);
      const groupQueue = this.#queues.get(name);
      if (groupQueue !== undefined) yield [name, groupQueue];
    }
  }

  /** Records that Redis has the content of `write`. */
  recordWritten(name: string, groupQueue: GroupWriteQueue, write: MirrorWrite): void {
    groupQueue.recordWritten(write);
    // The group may have been dropped and created again since the write was built.
    if (this.#queues.get(name) !== groupQueue) return;
    if (groupQueue.isOver) this.#removeGroup(name);
    this.#failing.delete(name);
  }

  /** Queues a write of the whole roster, because the changes do not apply to the view in Redis. */
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

  /**
   * Remembers a group without members, and drops the oldest one past ENDED_GROUPS_MAX. Without this limit, groups that are created and
   * deleted while Redis is unavailable would use memory without limit.
   */
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
