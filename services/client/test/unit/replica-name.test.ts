import { describe, expect, it } from '@jest/globals';
import { replicaOf } from '../../src/container/replica-name.js';

describe("a replica's own name", () => {
  it.each([
    [['comp-client-1.comp_default'], 'client-1'],
    [['rankd-client-12.rankd_default'], 'client-12'],
    [['my-app-client-3.my-app_default'], 'client-3'],
    [['my_app-client-3.my_app_default'], 'client-3'],
    [['4f2a.bridge', 'comp-client-2.comp_back'], 'client-2'],
  ])('is what Compose calls it: %j', (names, replica) => {
    expect(replicaOf(names)).toBe(replica);
  });

  it.each([
    [[]],
    [['']],
    [['box']],
    [['lan-box.lanx']],
    [['lan-box.lan']],
    [['-client-1._default']],
    [['other-client-1.comp_default']],
    [['ip-10-0-0-7.eu-west-1.compute.internal']],
  ])('is not seen in names that are not from Compose: %j', names => {
    expect(replicaOf(names)).toBeUndefined();
  });
});
