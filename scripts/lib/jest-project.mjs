/** Runs the projects of jest.config.js. */

import { readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { root, run } from './run.mjs';

/** The tests of this project share containers and published ports, so they run one after another. */
const serialProjects = ['compose'];
/** These tests mostly wait for processes, so one more worker than cores keeps every core busy. */
const waitingProjects = ['integration'];

/** A summary without tests. */
export const nothing = { passed: 0, failed: 0, skipped: 0, faults: [] };

const jest = join(root, 'node_modules/jest/bin/jest.js');

/**
 * Runs one project of jest.config.js. Returns { passed, failed, skipped, faults }. `faults` are sentences about failures that jest itself
 * does not print. With `skippingFails` a skipped test is a failure. `output` is `live`, or `at the end` if another project prints at the
 * same time. `node` is the binary that runs jest.
 */
export async function runJestProject(project, { directory, skippingFails, output = 'live', node = process.execPath }) {
  const path = join(directory, `${project}.json`);
  // Delete the report of an earlier run under another Node.
  await rm(path, { force: true });
  // --passWithNoTests: without it, the exit code of a project without tests is the same as that of a failed jest.
  const args = ['--selectProjects', project, '--passWithNoTests', '--json', `--outputFile=${path}`];
  if (serialProjects.includes(project)) args.push('--runInBand');
  if (waitingProjects.includes(project)) args.push(`--maxWorkers=${Math.ceil(1.5 * availableParallelism())}`);
  const ended = await run(node, [jest, ...args], { show: output === 'live' });
  process.stdout.write(ended.output);
  const report = await readReport(path);
  if (report === undefined) return fault(`${project}: jest wrote no report`);
  // This is a fault: the pattern of the project matches no file.
  if (report.testResults.length === 0) return fault(`${project}: no test was found`);
  const summary = sum(report.testResults.map(file => summarizeFile({ project, file, skippingFails })));
  if (ended.code === 0 || summary.failed > 0) return summary;
  return sum([summary, fault(`${project}: jest ended with ${ended.code} though no test failed`)]);
}

/** Runs the tests of a project that a change affects, again after each change, until the user ends it. */
export async function watchJestProject(project) {
  return (await run(process.execPath, [jest, '--selectProjects', project, '--watch'], { show: 'with the keyboard' }))
    .code;
}

/** Returns the sum of several summaries, with all of their faults. */
export function sum(summaries) {
  const total = field => summaries.reduce((count, summary) => count + summary[field], 0);
  const faults = summaries.flatMap(summary => summary.faults);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped'), faults };
}

async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function fault(sentence) {
  return { ...nothing, failed: 1, faults: [sentence] };
}

function summarizeFile({ project, file: { name, status, assertionResults }, skippingFails }) {
  const path = relative(root, name);
  const withStatus = (...statuses) => assertionResults.filter(test => statuses.includes(test.status));
  const failed = withStatus('failed').length;
  const skipped = withStatus('pending', 'skipped', 'todo', 'disabled');
  // The file does not compile, throws outside its tests, or has no test.
  const outside = status === 'failed' && failed === 0 ? [`${project}: ${path} failed outside its tests`] : [];
  const refused = skippingFails
    ? skipped.map(({ fullName }) => `${project}: skipped, which counts as failed with CI=true: ${path}: ${fullName}`)
    : [];
  return {
    passed: withStatus('passed').length,
    failed: failed + outside.length + refused.length,
    skipped: skipped.length - refused.length,
    faults: [...outside, ...refused],
  };
}
