// Every test by one command: see the usage below.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, ensureInstalled, ensureProgram, hasPython, PreparationError, prepare } from './lib/install.mjs';
import { nothing, runJestProject, sum, watchJestProject } from './lib/jest-project.mjs';
import { complain } from './lib/terminal.mjs';

const parts = ['checks', 'unit', 'integration', 'compose'];

/** Programs beside Node that some tests start, and in which parts. */
const programs = {
  'redis-server': ['integration', 'compose'],
  chromium: ['integration'],
  curl: ['integration'],
  zsh: ['integration'],
  fish: ['integration'],
};

const usage = `Usage: scripts/test [${parts.join(' | ')}]…
       scripts/test --watch unit | integration | compose

Installs what is missing, then runs the checks (types, format, lint) and all tests, or only the parts named. Its last line is
"N passed, N failed, N skipped", where each check counts as one test. Exits with 0 if nothing failed. With CI=true nothing may be
skipped: a skipped test counts as failed.

--watch runs the tests of one part that your change concerns, and runs them again after each change. Type q to end it. The tests of
the parts integration and compose start the built programs: run npm run build after a change.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (args[0] === '--watch') return await watch(args.slice(1));
  const unknown = args.filter(arg => !parts.includes(arg));
  if (unknown.length > 0) return complainOfUsage(`no such part: ${unknown.join(', ')}`);
  const wanted = parts.filter(part => args.length === 0 || args.includes(part));
  const { passed, failed, skipped, faults } = await test(wanted);
  faults.forEach(complain);
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed === 0 ? 0 : 1;
}

function complainOfUsage(sentence) {
  process.stderr.write(`rankd: ${sentence}\n\n${usage}\n`);
  return 2;
}

async function watch(args) {
  const [part] = args;
  if (args.length !== 1 || part === 'checks' || !parts.includes(part)) {
    return complainOfUsage(`--watch takes one of unit, integration and compose, not ${args.join(' ') || 'nothing'}`);
  }
  for (const step of [ensureInstalled, () => prepareFor([part])]) {
    const { failed } = await summaryOf(step);
    if (failed > 0) return 1;
  }
  return await watchJestProject(part);
}

async function test(wanted) {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-test-'));
  const options = { directory, skippingFails: process.env.CI === 'true' };
  try {
    const installed = await summaryOf(ensureInstalled);
    if (installed.failed > 0) return installed;
    const built = await summaryOf(() => prepareFor(wanted));
    // The Compose tests mostly wait for containers, so they run beside the others.
    const compose = wanted.includes('compose')
      ? runJestProject('compose', { ...options, output: 'at the end' })
      : nothing;
    const summaries = [built];
    for (const part of wanted) {
      if (part === 'checks') summaries.push(await runChecks(built.failed === 0));
      else if (part !== 'compose') summaries.push(await runJestProject(part, options));
    }
    return sum([...summaries, await compose]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Builds, and installs the programs beside Node that the tests of these parts start. @throws PreparationError */
async function prepareFor(wanted) {
  await lookForPrograms(wanted);
  await lookForPython(wanted);
  await build();
}

async function lookForPrograms(wanted) {
  for (const [name, users] of Object.entries(programs)) {
    if (!users.some(part => wanted.includes(part)) || (await ensureProgram(name))) continue;
    complain(`some tests need ${name}, which is not here: install it, by apt-get or brew, say`);
  }
}

async function lookForPython(wanted) {
  if (!wanted.includes('integration') || (await hasPython())) return;
  complain('the tests of examples/python need python3, 3.10 or later, which is not here, and fail without it');
}

/** The types are not checked if the build failed: it has reported the fault. */
async function runChecks(built) {
  const scripts = built ? ['typecheck', 'format:check'] : ['format:check'];
  // eslint takes as long as the other two, and one core.
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
