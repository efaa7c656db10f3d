import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const PORTS_MAX = 5;

const source = resolve(__dirname, '../../../src');

/** The roots of the gateway and of its flow control may use all parts, and the dispatcher has the ports of every handler. */
const exempt = new Set(['GatewayPorts', 'FlowPorts', 'HandlerPorts']);
/** The roots of a cluster's server and of a shard. */
const clusterExempt = new Set(['ClusterServerPorts', 'ShardReplicaPorts']);

interface Ports {
  readonly name: string;
  readonly count: number;
}

function portsIn(text: string): Ports[] {
  const found = [...text.matchAll(/^export interface (\w+Ports)\b[^{]*\{\n([\s\S]*?)^\}/gm)];
  return found.map(([, name = '', body = '']) => ({ name, count: [...body.matchAll(/^ {2}readonly \w+/gm)].length }));
}

function portsOf(folder: string): Ports[] {
  const paths = readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' });
  const files = paths.filter(path => path.endsWith('.ts'));
  return files.flatMap(path => portsIn(readFileSync(join(source, folder, path), 'utf8')));
}

describe('a class of the cluster', () => {
  it(`uses at most ${PORTS_MAX} others`, () => {
    const all = portsOf('cluster');
    expect(all.filter(({ name, count }) => count > PORTS_MAX && !clusterExempt.has(name))).toEqual([]);
    expect(all.filter(({ name }) => clusterExempt.has(name))).toHaveLength(clusterExempt.size);
    expect(all.length).toBeGreaterThan(5);
  });
});

describe('a class of the gateway', () => {
  const all = portsOf('gateway');

  it(`uses at most ${PORTS_MAX} others`, () => {
    expect(all.filter(({ name, count }) => count > PORTS_MAX && !exempt.has(name))).toEqual([]);
    expect(all.filter(({ name }) => exempt.has(name))).toHaveLength(exempt.size);
    expect(all.length).toBeGreaterThan(25);
  });

  it('has all of its ports counted, for each form of declaration', () => {
    const members = Array.from({ length: PORTS_MAX + 1 }, (_, index) => `  readonly part${index}: { run(): void };`);
    const text = `export interface ManyPorts extends FewPorts {\n${members.join('\n')}\n}\n`;
    expect(portsIn(text)).toEqual([{ name: 'ManyPorts', count: PORTS_MAX + 1 }]);
  });
});
