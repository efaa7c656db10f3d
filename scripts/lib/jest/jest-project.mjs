import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, run } from '../run.mjs';
import { summarizeReport } from './jest-summary.mjs';

/** Containers and published ports are shared by all tests of this project, so they take turns. */
const oneAtATime = ['compose'];
/** These wait for processes more than they compute: with one more worker no core is left idle. */
const patient = ['integration'];

/** Runs one project of jest.config.js, its output shown as jest prints it, and returns its summary. */
export async function runJestProject(project, { directory, skippingFails }) {
  const path = join(directory, `${project}.json`);
  // a project without tests is to be told from a jest that failed: both need a report
  const args = ['--selectProjects', project, '--passWithNoTests', '--json', `--outputFile=${path}`];
  if (oneAtATime.includes(project)) args.push('--runInBand');
  if (patient.includes(project)) args.push(`--maxWorkers=${Math.ceil(1.5 * availableParallelism())}`);
  const { code } = await run(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...args], { show: true });
  return summarizeReport({ project, report: await readReport(path), exitCode: code, skippingFails });
}

async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}
