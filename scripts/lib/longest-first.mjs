/** Starts the test files that take longest first, so that no worker runs one of them alone at the end. */

import Sequencer from '@jest/test-sequencer';

/**
 * The ends of the paths of integration tests that take more than 15 s on two cores. The list is needed because jest knows no durations in a
 * fresh clone.
 */
export const longest = [
  'reliability/side-port-floods',
  'startup/log-sinks',
  'docs/doc-blocks',
  'integration/bench',
  'mirror/epoch-and-expiry',
  'cluster/server-loss',
  'mirror/redis-faults',
  'cluster/redis-loss',
  'simulator/test/integration/simulation',
  'integration/cluster-simulation',
  'integration/completion',
  'page/test/integration/connection',
  'packages/install',
  'history/cluster-faults',
  'examples/examples',
  'mirror/restart',
].map(name => `${name}.test.ts`);

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const index = longest.findIndex(name => path.endsWith(name));
      return index === -1 ? longest.length : index;
    };
    return [...super.sort(tests)].sort((a, b) => place(a) - place(b));
  }
}
