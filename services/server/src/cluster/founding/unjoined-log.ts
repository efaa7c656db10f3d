/** The log of a server that has not joined the cluster. */

import type { AcquireResult, Groups, OrderedLog } from '../../log/ordered-log.js';

/** A log without groups that is never current. So the gateway refuses members. An administrator can still decide what the server does. */
export class UnjoinedLog implements OrderedLog {
  readonly groups: Groups = { get: () => undefined, values: () => [] };

  append(): void {
    return;
  }

  acquireGroup(_group: string, then: (result: AcquireResult) => void): void {
    then('reached');
  }

  awaitServersOf(_group: string, then: (result: AcquireResult) => void): void {
    then('reached');
  }

  featuresOf(): readonly [] {
    return [];
  }

  releaseGroup(): void {
    return;
  }

  isCurrent(): boolean {
    return false;
  }

  freezeOrder(): void {
    return;
  }

  onApplied(): void {
    return;
  }

  onGroupLoaded(): void {
    return;
  }

  onGroupsUnloaded(): void {
    return;
  }
}
