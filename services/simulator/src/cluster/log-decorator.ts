import type { Entry } from 'rankd/dist/core/index.js';
import type { AppliedListener, Groups, OrderedLog } from 'rankd/dist/log/ordered-log.js';

/** A log that forwards every call to another one. Subclasses override the calls that they observe or change. */
export class LogDecorator implements OrderedLog {
  readonly groups: Groups;
  protected readonly log: OrderedLog;

  constructor(log: OrderedLog) {
    this.groups = log.groups;
    this.log = log;
  }

  append(entry: Entry): void {
    this.log.append(entry);
  }

  acquireGroup(...request: Parameters<OrderedLog['acquireGroup']>): void {
    this.log.acquireGroup(...request);
  }

  awaitServersOf(...request: Parameters<OrderedLog['awaitServersOf']>): void {
    this.log.awaitServersOf(...request);
  }

  featuresOf(group: string): ReturnType<OrderedLog['featuresOf']> {
    return this.log.featuresOf(group);
  }

  releaseGroup(group: string): void {
    this.log.releaseGroup(group);
  }

  isCurrent(): boolean {
    return this.log.isCurrent();
  }

  freezeOrder(at: number): void {
    this.log.freezeOrder(at);
  }

  onGroupLoaded(listener: Parameters<OrderedLog['onGroupLoaded']>[0]): void {
    this.log.onGroupLoaded(listener);
  }

  onGroupsUnloaded(listener: Parameters<OrderedLog['onGroupsUnloaded']>[0]): void {
    this.log.onGroupsUnloaded(listener);
  }

  onApplied(listener: AppliedListener): void {
    this.log.onApplied(listener);
  }
}
