import type { Entry } from '../../../src/core/index.js';
import { LocalLog } from '../../../src/log/local-log.js';
import { GatewayFixture } from './gateway-fixture.js';

/** A log that applies appended entries only when the test says so, like the log of a cluster. */
export class LateLog extends LocalLog {
  readonly #undecided: Entry[] = [];

  override append(entry: Entry): void {
    this.#undecided.push(entry);
  }

  /** Applies the next entries. */
  decide(count = this.#undecided.length): void {
    for (const entry of this.#undecided.splice(0, count)) super.append(entry);
  }

  get undecided(): readonly string[] {
    return this.#undecided.map(({ kind }) => kind);
  }
}

/** Returns the gateway of a server in a cluster, and its log. */
export function inCluster(environment: Readonly<Record<string, string>> = {}): {
  fixture: GatewayFixture;
  log: LateLog;
} {
  let log: LateLog | undefined;
  const flow = {
    announce: () => undefined,
    onChanged: () => undefined,
    isBehind: false,
    others: [],
    placeOf: () => undefined,
    isAppliedByAll: () => true,
  };
  const place = { cluster: 'cluster', server: 'here', flow };
  const fixture = new GatewayFixture(environment, coordinator => (log = new LateLog(coordinator)), place);
  if (log === undefined) throw new Error('the fixture created no log');
  return { fixture, log };
}
