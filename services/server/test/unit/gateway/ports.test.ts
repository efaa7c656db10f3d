import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const PORTS_MAX = 5;

const gateway = resolve(__dirname, '../../../src/gateway');

/** The composition root sees all parts. The dispatcher holds the ports of each handler, one after the other. */
const exempt = new Set(['GatewayPorts', 'HandlerPorts']);

interface Ports {
  readonly name: string;
  readonly count: number;
}

function portsIn(text: string): Ports[] {
  const found = [...text.matchAll(/^export interface (\w+Ports)\b[^{]*\{\n([\s\S]*?)^\}/gm)];
  return found.map(([, name = '', body = '']) => ({ name, count: [...body.matchAll(/^ {2}readonly \w+/gm)].length }));
}

describe('a class of the gateway', () => {
  const files = readdirSync(gateway, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ts'));
  const all = files.flatMap(path => portsIn(readFileSync(join(gateway, path), 'utf8')));

  it(`uses at most ${PORTS_MAX} others`, () => {
    expect(all.filter(({ name, count }) => count > PORTS_MAX && !exempt.has(name))).toEqual([]);
    expect(all.filter(({ name }) => exempt.has(name))).toHaveLength(exempt.size);
    expect(all.length).toBeGreaterThan(25);
  });

  it('is counted whole, however its ports are written', () => {
    const members = Array.from({ length: PORTS_MAX + 1 }, (_, index) => `  readonly part${index}: { run(): void };`);
    const text = `export interface ManyPorts extends FewPorts {\n${members.join('\n')}\n}\n`;
    expect(portsIn(text)).toEqual([{ name: 'ManyPorts', count: PORTS_MAX + 1 }]);
  });
});
