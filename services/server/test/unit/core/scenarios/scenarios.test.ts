import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { GroupLimits } from '../../../../src/core/index.js';
import { ScenarioFixture } from './scenario-fixture.js';

/**
 * A scenario is a file of comments (`#`), script lines (`>`) and the effects of each script line. The test runs the
 * script and compares the effects. With UPDATE_SCENARIOS=1 it rewrites the file instead: compare the new file with the
 * protocol before you commit it.
 */

const FOLDER = join(__dirname, '../../../scenarios');

/** A `rules` line, if present, is the first one. */
function rulesIn(script: readonly string[]): Partial<GroupLimits> {
  const line = script.find(each => each.startsWith('> rules ')) ?? '> rules';
  const pairs = line.split(' ').slice(2);
  const own: Record<string, number> = {};
  for (const [name = '', value] of pairs.map(pair => pair.split('='))) own[name] = Number(value);
  return own;
}

function transcriptOf(text: string): string {
  const script = text.split('\n').filter(line => !line.startsWith(' '));
  const fixture = new ScenarioFixture(rulesIn(script));
  const lines = script.flatMap(line => {
    if (!line.startsWith('> ') || line.startsWith('> rules ')) return [line];
    return [line, ...fixture.play(line.slice(2)).map(effect => `    ${effect}`)];
  });
  return lines.join('\n');
}

describe('scenarios', () => {
  it.each(readdirSync(FOLDER).filter(name => name.endsWith('.txt')))('%s has the effects that the file lists', name => {
    const path = join(FOLDER, name);
    const text = readFileSync(path, 'utf8');
    const transcript = transcriptOf(text);
    if (process.env['UPDATE_SCENARIOS'] === '1') writeFileSync(path, transcript);
    else expect(transcript).toBe(text);
  });
});
