import type { Entry } from '@rankd/server/dist/core/index.js';
import type { Groups, OrderedLog, AppliedListener } from '@rankd/server/dist/log/ordered-log.js';

/** A log that another one stands behind; whoever wants to see or change what goes through overrides that. */
export class RelayedLog implements OrderedLog {
  readonly groups: Groups;
  protected readonly log: OrderedLog;

  constructor(log: OrderedLog) {
    this.groups = log.groups;
    this.log = log;
  }

  append(entry: Entry): void {
    this.log.append(entry);
  }

  reach(...asked: Parameters<OrderedLog['reach']>): void {
    this.log.reach(...asked);
  }

  release(group: string): void {
    this.log.release(group);
  }

  isCurrent(): boolean {
    return this.log.isCurrent();
  }

  freeze(at: number): void {
    this.log.freeze(at);
  }

  onFound(take: Parameters<OrderedLog['onFound']>[0]): void {
    this.log.onFound(take);
  }

  onLeft(drop: Parameters<OrderedLog['onLeft']>[0]): void {
    this.log.onLeft(drop);
  }

  onApplied(perform: AppliedListener): void {
    this.log.onApplied(perform);
  }
}
