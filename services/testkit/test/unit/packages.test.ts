import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly homepage?: string;
  readonly bugs?: { readonly url: string };
  readonly repository?: { readonly type: string; readonly url: string; readonly directory?: string };
  readonly license?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const root = resolve(__dirname, '../../../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = (folder: string): Manifest => JSON.parse(text(join(folder, 'package.json'))) as Manifest;

const whole = manifest('.');
const folders = readdirSync(join(root, 'services')).map(name => `services/${name}`);
const all = ['.', ...folders].map(manifest);
const published = folders.filter(folder => manifest(folder).private !== true);
const repository = whole.homepage?.replace(/#readme$/, '');

describe('the published packages', () => {
  it('are rankctl, the library, the protocol and the server', () => {
    expect(published).toEqual(['services/cli', 'services/client', 'services/protocol', 'services/server']);
  });

  it.each(published)('%s has its description, owner, requirements and origin', folder => {
    const { name, description = '', keywords = [], ...own } = manifest(folder);
    expect(description.length).toBeGreaterThan(20);
    expect(keywords.length).toBeGreaterThan(2);
    expect(own).toMatchObject({
      license: whole.license,
      engines: whole.engines,
      homepage: `${repository}/tree/main/${folder}#readme`,
      bugs: whole.bugs,
      repository: { ...whole.repository, directory: folder },
      // A scoped package is private by default. Provenance connects it to the commit that it was built from.
      publishConfig: { access: 'public', provenance: true },
    });
    expect(text(`${folder}/README.md`).startsWith(`# ${name}\n`)).toBe(true);
    expect(text(`${folder}/LICENSE`)).toBe(text('LICENSE'));
  });
});

describe('every package', () => {
  it('has the repository that package.json names', () => {
    expect(whole.repository).toEqual({ type: 'git', url: `git+${repository}.git` });
    expect(whole.bugs).toEqual({ url: `${repository}/issues` });
    const pages = [
      'README.md',
      'Dockerfile.server',
      'Dockerfile.client',
      'Dockerfile.rankctl',
      ...published.map(folder => `${folder}/README.md`),
    ];
    const named = pages.flatMap(page => [
      ...text(page).matchAll(/image\.source=["']?([^\s"']+)|\[rankd\]\((https:[^)]+)\)/g),
    ]);
    expect(named.map(([, label, link]) => label ?? link).filter(url => url !== repository)).toEqual([]);
  });

  it('has the same version, and requires the others in that version', () => {
    expect(new Set(all.map(({ version }) => version))).toEqual(new Set([whole.version]));
    expect(text('services/cli/src/version.ts')).toContain(`version = '${whole.version}'`);
    const asked = all.flatMap(({ dependencies, devDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies }),
    );
    const ours = asked.filter(([name]) => /^(@rankd\/|rankd$)/.test(name));
    expect(ours.length).toBeGreaterThan(10);
    expect(ours.filter(([, version]) => version !== whole.version)).toEqual([]);
    // The other dependencies have exact versions, too.
    expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/.test(version))).toEqual([]);
  });

  it('is locked without the name of a registry', () => {
    const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
    const resolved = Object.values(packages).flatMap(entry => entry.resolved ?? []);
    expect(resolved.filter(path => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('a workflow', () => {
  interface Workflow {
    readonly jobs: Record<
      string,
      { readonly strategy?: { readonly matrix: Record<string, string[]> }; steps: { run?: string }[] }
    >;
  }
  const workflow = (name: string): Workflow => parse(text(`.github/workflows/${name}.yml`)) as Workflow;
  const commands = (name: string, job: string): string[] =>
    workflow(name).jobs[job]?.steps.flatMap(({ run }) => run ?? []) ?? [];

  it('runs .ci/run on the oldest Node that the packages allow, with every program that the tests start', () => {
    expect(commands('ci', 'test').at(-1)).toBe('bash .ci/run');
    const [oldest] = workflow('ci').jobs['test']?.strategy?.matrix['node'] ?? [];
    expect(`>=${oldest}`).toBe(whole.engines?.['node']);
    const table = /const programs = \{\n([^}]*)\}/.exec(text('scripts/test.mjs'))?.[1] ?? '';
    const programs = [...table.matchAll(/^ {2}'?([a-z-]+)'?:/gm)].map(([, name = '']) => name);
    expect(programs.length).toBeGreaterThan(3);
    // The runner has Chrome installed.
    const install = commands('ci', 'test').find(command => command.includes('apt-get install')) ?? '';
    expect(programs.filter(name => name !== 'chromium' && !install.split(' ').includes(name))).toEqual([]);
  });

  it('publishes every public package', () => {
    const publish = commands('release', 'packages').find(command => command.startsWith('npm publish')) ?? '';
    expect([...publish.matchAll(/-w (\S+)/g)].map(([, folder]) => folder).sort()).toEqual(published);
  });
});

it('scripts/set-version.mjs sets the version of every package and of their dependencies on each other, and dates the changes', () => {
  const copy = mkdtempSync(join(tmpdir(), 'rankd-version-'));
  try {
    const dockerfiles = ['Dockerfile.client', 'Dockerfile.rankctl', 'Dockerfile.server'];
    const images = [
      'docs/how-to/own-compose.md',
      'docs/how-to/own-compose/compose.yml',
      'docs/how-to/own-compose/Dockerfile',
    ];
    const manifests = ['examples/kubernetes/coordinator.yaml', 'examples/kubernetes/workers.yaml'];
    const sources = ['services/cli/src/version.ts', ...dockerfiles, ...images, ...manifests];
    const files = [
      'package.json',
      'package-lock.json',
      'CHANGELOG.md',
      ...folders.map(folder => `${folder}/package.json`),
      ...sources,
    ];
    for (const file of files) cpSync(join(root, file), join(copy, file), { recursive: true });
    execFileSync(process.execPath, [join(root, 'scripts/set-version.mjs'), '7.8.9'], { cwd: copy });
    const today = new Date().toISOString().slice(0, 10);
    const ours = new RegExp(
      `("(?:(?:@rankd/|rank)[a-z]+|version)": )"${whole.version.replaceAll('.', String.raw`\.`)}"`,
      'g',
    );
    const expected = (file: string): string =>
      file === 'CHANGELOG.md'
        ? text(file).replace('## [Unreleased]\n', `## [Unreleased]\n\n## [7.8.9] - ${today}\n`)
        : sources.includes(file)
          ? text(file).replaceAll(whole.version, '7.8.9')
          : text(file).replaceAll(ours, '$1"7.8.9"');
    for (const file of files.filter(name => name !== 'package-lock.json')) {
      expect([file, readFileSync(join(copy, file), 'utf8')]).toEqual([file, expected(file)]);
    }
    const lock = JSON.parse(readFileSync(join(copy, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, Manifest>;
    };
    for (const folder of ['', ...folders]) expect(lock.packages[folder]).toMatchObject({ version: '7.8.9' });
    expect(lock.packages['services/cli']?.devDependencies).toMatchObject({ '@rankd/client': '7.8.9' });
    // The other packages have not changed.
    const others = (packages: Record<string, Manifest>): [string, string][] =>
      Object.entries(packages).flatMap(([path, { version }]) =>
        path.startsWith('node_modules/') ? [[path, version]] : [],
      );
    expect(others(lock.packages)).toEqual(others((JSON.parse(text('package-lock.json')) as typeof lock).packages));
  } finally {
    rmSync(copy, { recursive: true });
  }
});
