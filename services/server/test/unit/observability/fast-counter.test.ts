import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { FastCounter } from '../../../src/observability/metrics/fast-counter.js';

describe('a fast counter', () => {
  it('counts by label values, and returns the same values at each read', async () => {
    const registry = new Registry();
    const tally = new FastCounter(registry, 'c_total', 'help', ['result', 'code']);
    tally.add(1, 'accepted', '');
    tally.add(2, 'refused', 'AWAY');
    tally.add(1, 'refused', 'AWAY');
    await registry.metrics();
    const lines = (await registry.metrics()).split('\n').filter(line => line.startsWith('c_total'));
    expect(lines).toEqual(['c_total{result="accepted",code=""} 1', 'c_total{result="refused",code="AWAY"} 3']);
  });

  it('starts at 0 without labels, and omits a removed value', async () => {
    const registry = new Registry();
    new FastCounter(registry, 'plain_total', 'help');
    const byGroup = new FastCounter(registry, 'g_total', 'help', ['group']);
    byGroup.add(1, 'a');
    byGroup.add(1, 'b');
    byGroup.removeLabel('a');
    const lines = (await registry.metrics()).split('\n').filter(line => /^(plain|g)_total/.test(line));
    expect(lines).toEqual(['plain_total 0', 'g_total{group="b"} 1']);
  });

  it('counts from 0 after a value was removed', async () => {
    const registry = new Registry();
    const byGroup = new FastCounter(registry, 'g_total', 'help', ['group']);
    byGroup.add(5, 'a');
    byGroup.removeLabel('a');
    byGroup.add(2, 'a');
    byGroup.add(1, 'b');
    byGroup.add(1, 'a');
    expect(await registry.metrics()).toContain('g_total{group="a"} 3');
  });
});
