/** Installs and builds what the scripts need. */

import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run, succeeds } from './run.mjs';
import { complain, say } from './terminal.mjs';

/** A required step has failed. `output` is what it printed. */
export class PreparationError extends Error {
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/** Runs `npm ci` if package-lock.json is newer than the installed packages. */
export async function ensureInstalled() {
  const installed = join(root, 'node_modules/.package-lock.json');
  const [lockTime, installedTime] = await Promise.all([
    changedAt(join(root, 'package-lock.json')),
    changedAt(installed),
  ]);
  if (installedTime >= lockTime) return;
  await prepare('installing packages (npm ci) …', 'npm', ['ci', '--no-audit', '--no-fund']);
  // Set the time here, because npm does not if the installed packages are up to date.
  const now = new Date();
  await utimes(installed, now, now);
}

/** Builds everything. The build is incremental: it takes a second or two if nothing has changed. */
export async function build() {
  await prepare('building …', 'npm', ['run', 'build']);
}

/**
 * Runs a required step.
 * @throws PreparationError
 */
export async function prepare(what, command, args) {
  say(what);
  const { code, output } = await run(command, args);
  if (code !== 0) throw new PreparationError(`${[command, ...args].join(' ')} failed`, output.trimEnd());
}

/** Programs that npm does not install, by the name of their Debian package. The package is installed if one of the commands exists. */
const programs = {
  'redis-server': [['redis-server', '--version']],
  curl: [['curl', '--version']],
  openssl: [['openssl', 'version']],
  // Debian installs it in a directory that is only in root's PATH.
  nginx: [
    ['nginx', '-v'],
    ['/usr/sbin/nginx', '-v'],
  ],
  zsh: [['zsh', '--version']],
  fish: [['fish', '--version']],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'].map(command => [command, '--version']),
};

/**
 * Installs the Debian package if the program is missing and this process is allowed to install. Returns whether the program
 * exists after that.
 */
export async function ensureProgram(name) {
  const present = () => anySucceeds(programs[name]);
  if (await present()) return true;
  if (process.getuid?.() !== 0 || !(await succeeds('apt-get', ['--version']))) return false;
  say(`installing ${name} (apt-get) …`);
  // RUNLEVEL=1 keeps Debian from starting the package's service. Only the program is needed.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('apt-get', ['update'], { env });
  const { code, output } = await run('apt-get', ['install', '-y', '--no-install-recommends', name], { env });
  if (code !== 0) complain(`cannot install ${name}: ${output.trim().split('\n').at(-1)}`);
  return present();
}

async function anySucceeds(commands) {
  for (const [command, ...args] of commands) if (await succeeds(command, args)) return true;
  return false;
}

/** Returns whether there is a Python that can run examples/python. */
export async function hasPython() {
  return succeeds('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']);
}

async function changedAt(path) {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}
