// Prepares a release: see the usage below.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { complain, say } from './lib/terminal.mjs';

const usage = `Usage: node scripts/set-version.mjs VERSION

Run it in the root of the repository. It writes VERSION into every package.json and into package-lock.json, also where packages
depend on each other, into the version of rankctl, into the labels of the images and into the names of images in docs and examples. In CHANGELOG.md it moves the Unreleased entries below VERSION and the date of today. It commits nothing.`;

/** The files that name images of a release. */
const imageUsers = [
  'docs/how-to/own-compose.md',
  'docs/how-to/own-compose/compose.yml',
  'docs/how-to/own-compose/Dockerfile',
  'examples/kubernetes/coordinator.yaml',
  'examples/kubernetes/workers.yaml',
];

const UNRELEASED = '## [Unreleased]\n';

const [version, ...rest] = process.argv.slice(2);
if (version === '--help') process.stdout.write(`${usage}\n`);
else if (rest.length > 0 || !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version ?? '')) {
  complain(`VERSION must be three numbers, such as 1.2.3, not "${version ?? ''}"\n\n${usage}`);
  process.exitCode = 2;
} else setVersion();

function setVersion() {
  const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const folder of ['.', ...workspaces]) editJson(`${folder}/package.json`, updatePackage);
  editJson('package-lock.json', lock => {
    lock.version = version;
    for (const folder of ['', ...workspaces]) updatePackage(lock.packages[folder]);
  });
  editText('services/cli/src/version.ts', /(?<=version = ')[^']*/);
  for (const file of readdirSync('.').filter(name => name.startsWith('Dockerfile.'))) {
    editText(file, /(?<=image\.version=")[^"]*/);
  }
  for (const file of imageUsers) editText(file, /(?<=ghcr\.io\/rankd\/rankd-[a-z]+:)[0-9A-Za-z.-]+/g);
  const changes = readFileSync('CHANGELOG.md', 'utf8');
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync('CHANGELOG.md', changes.replace(UNRELEASED, `${UNRELEASED}\n## [${version}] - ${date}\n`));
  say(`every package now has the version ${version}: check git diff`);
}

function updatePackage(manifest) {
  manifest.version = version;
  for (const dependencies of [manifest.dependencies ?? {}, manifest.devDependencies ?? {}]) {
    for (const name of Object.keys(dependencies))
      if (name === 'rankd' || name.startsWith('@rankd/')) dependencies[name] = version;
  }
}

function editJson(path, edit) {
  const value = JSON.parse(readFileSync(path, 'utf8'));
  edit(value);
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Puts the version in place of what `pattern` matches. */
function editText(path, pattern) {
  writeFileSync(path, readFileSync(path, 'utf8').replace(pattern, version));
}
