// Runs every test: see the usage below.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, ensureInstalled, ensureProgram, hasPython, PreparationError, prepare } from './lib/install.mjs';
import { nothing, runJestProject, sum, watchJestProject } from './lib/jest-project.mjs';
import { fetchNode, majors } from './lib/npm-node.mjs';
import { complain } from './lib/terminal.mjs';

const parts = ['checks', 'unit', 'integration', 'compose'];

/** The programs that some tests start. For each, the parts of the tests that need it. */
const programs = {
  'redis-server': ['integration', 'compose'],
  chromium: ['integration'],
  curl: ['integration'],
  openssl: ['integration'],
  nginx: ['integration'],
  zsh: ['integration'],
  fish: ['integration'],
};

const usage = `Usage: scripts/test [${parts.join(' | ')}]… [--node ${majors.join(' | ')}]
       scripts/test --watch unit | integration | compose

Installs missing packages and programs, then runs the checks (types, format, lint, wording) and all tests, or only the named
parts. The last line is "N passed, N failed, N skipped"; each check counts as one test. Exits with 0 if nothing failed. With
CI=true a skipped test counts as failed.

  --node ${majors.join(' | ')}    runs the unit tests a second time, under this version of Node, which npm downloads into its cache
  --watch PART   runs the tests of one part that your change affects, again after each change, until you type q. The tests of the
                 parts integration and compose start the built programs, so run npm run build after a change.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  const wish = parse(args);
  switch (wish.kind) {
    case 'help':
      process.stdout.write(`${usage}\n`);
      return 0;
    case 'fault':
      process.stderr.write(`rankd: ${wish.sentence}\n\n${usage}\n`);
      return 2;
    case 'watch':
      return await watch(wish.part);
    case 'test': {
      const { passed, failed, skipped, faults } = await test(wish);
      faults.forEach(complain);
      process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
      return failed === 0 ? 0 : 1;
    }
  }
}

/** Parses the arguments. `major` is the version of Node under which the unit tests run a second time. */
function parse(args) {
  const options = {
    help: { type: 'boolean', short: 'h' },
    node: { type: 'string' },
    watch: { type: 'string' },
  };
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const { help, node: major, watch: part } = values;
    const wanted = parts.filter(name => positionals.length === 0 || positionals.includes(name));
    if (help) return { kind: 'help' };
    const sentence = faultIn({ positionals, major, part, wanted });
    if (sentence !== undefined) return { kind: 'fault', sentence };
    return part === undefined ? { kind: 'test', wanted, major } : { kind: 'watch', part };
  } catch (error) {
    return { kind: 'fault', sentence: error.message };
  }
}

function faultIn({ positionals, major, part, wanted }) {
  const unknown = positionals.filter(name => !parts.includes(name));
  if (unknown.length > 0) return `no such part: ${unknown.join(', ')}; the parts are ${parts.join(', ')}`;
  if (major !== undefined && !majors.includes(major)) return `--node takes ${majors.join(' or ')}, not ${major}`;
  if (major !== undefined && !wanted.includes('unit'))
    return '--node needs the part unit: it affects only the unit tests';
  if (part === undefined) return undefined;
  if (part === 'checks' || !parts.includes(part)) return `--watch takes unit, integration or compose, not ${part}`;
  return positionals.length > 0 || major !== undefined ? '--watch takes one part and nothing else' : undefined;
}

async function watch(part) {
  for (const step of [ensureInstalled, () => prepareFor([part])]) {
    const { failed } = await summaryOf(step);
    if (failed > 0) return 1;
  }
  return await watchJestProject(part);
}

async function test({ wanted, major }) {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-test-'));
  const options = { directory, skippingFails: process.env.CI === 'true' };
  try {
    const installed = await summaryOf(ensureInstalled);
    if (installed.failed > 0) return installed;
    const built = await summaryOf(() => prepareFor(wanted));
    // The Compose tests mostly wait for containers, so they run in parallel with the others.
    const compose = wanted.includes('compose')
      ? runJestProject('compose', { ...options, output: 'at the end' })
      : nothing;
    const summaries = [built];
    for (const part of wanted) {
      if (part === 'checks') summaries.push(await runChecks(built.failed === 0));
      else if (part !== 'compose') summaries.push(await runJestProject(part, options));
      if (part === 'unit' && major !== undefined) summaries.push(await runUnitUnder(major, options));
    }
    return sum([...summaries, await compose]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function runUnitUnder(major, options) {
  let node;
  const fetched = await summaryOf(async () => (node = await fetchNode(major)));
  return fetched.failed > 0 ? fetched : runJestProject('unit', { ...options, node });
}

/**
 * Builds, and installs the programs besides Node that the tests of these parts start.
 * @throws PreparationError
 */
async function prepareFor(wanted) {
  await lookForPrograms(wanted);
  await lookForPython(wanted);
  await build();
}

async function lookForPrograms(wanted) {
  for (const [name, users] of Object.entries(programs)) {
    if (!users.some(part => wanted.includes(part)) || (await ensureProgram(name))) continue;
    complain(`some tests need ${name}, which is not installed: install it, for example with apt-get or brew`);
  }
}

async function lookForPython(wanted) {
  if (!wanted.includes('integration') || (await hasPython())) return;
  complain('the tests of examples/python need python3 3.9 or later and fail without it: install it');
}

/** Runs the checks. Does not check the types if the build has failed, because the build has reported the error. */
async function runChecks(built) {
  const scripts = ['format:check', 'wording', ...(built ? ['typecheck'] : [])];
  // Run eslint in parallel with the others: it uses one core, and takes as long as the others together.
  return sum((await Promise.all([runScripts(['lint']), runScripts(scripts)])).flat());
}

async function runScripts(scripts) {
  const summaries = [];
  for (const script of scripts) {
    const summary = await summaryOf(() => prepare(`npm run ${script}`, 'npm', ['run', '--silent', script]));
    summaries.push(summary.failed === 0 ? { ...nothing, passed: 1 } : summary);
  }
  return summaries;
}

async function summaryOf(step) {
  try {
    await step();
    return nothing;
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    complain(`${error.message}\n${error.output}`);
    return { ...nothing, failed: 1, faults: [error.message] };
  }
}
