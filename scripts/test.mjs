// Every test by one command: see the usage below.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, ensureInstalled, ensureProgram, hasPython, PreparationError, prepare } from './lib/install.mjs';
import { nothing, runJestProject, sum } from './lib/jest-project.mjs';
import { complain } from './lib/terminal.mjs';

const parts = ['checks', 'unit', 'integration', 'compose'];

/** Programs beside Node that some tests start, and in which parts. */
const programs = {
  'redis-server': ['integration', 'compose'],
  openssl: ['integration'],
  chromium: ['integration'],
  curl: ['integration'],
  zsh: ['integration'],
  fish: ['integration'],
};

const usage = `Usage: scripts/test [${parts.join(' | ')}]…

Installs what is missing, then runs the checks (types, format, lint) and all tests, or only the parts named. Its last line is
"N passed, N failed, N skipped", where each check counts as one test. Exits with 0 if nothing failed. With CI=true nothing may be
skipped: a skipped test counts as failed.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const unknown = args.filter(arg => !parts.includes(arg));
  if (unknown.length > 0) {
    process.stderr.write(`rankd: no such part: ${unknown.join(', ')}\n\n${usage}\n`);
    return 2;
  }
  const wanted = parts.filter(part => args.length === 0 || args.includes(part));
  const { passed, failed, skipped, faults } = await test(wanted);
  faults.forEach(complain);
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed === 0 ? 0 : 1;
}

async function test(wanted) {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-test-'));
  const options = { directory, skippingFails: process.env.CI === 'true' };
  try {
    const installed = await summaryOf(ensureInstalled);
    if (installed.failed > 0) return installed;
    await lookForPrograms(wanted);
    await lookForPython(wanted);
    const built = await summaryOf(build);
    const summaries = [built];
    for (const part of wanted) {
      summaries.push(part === 'checks' ? await runChecks(built.failed === 0) : await runJestProject(part, options));
    }
    return sum(summaries);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
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

/** What was not built says why once, not again as a fault of its types. */
async function runChecks(built) {
  const summaries = [];
  for (const script of built ? ['typecheck', 'format:check', 'lint'] : ['format:check', 'lint']) {
    const summary = await summaryOf(() => prepare(`npm run ${script}`, 'npm', ['run', '--silent', script]));
    summaries.push(summary.failed === 0 ? { ...nothing, passed: 1 } : summary);
  }
  return sum(summaries);
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
