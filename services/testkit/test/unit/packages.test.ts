import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

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

describe('the packages that are published', () => {
  it('are rankctl, the library and the protocol', () => {
    expect(published).toEqual(['services/cli', 'services/client', 'services/protocol']);
  });

  it.each(published)('%s says what it is, whose it is, what it needs and where it comes from', folder => {
    const { name, description = '', keywords = [], ...own } = manifest(folder);
    expect(description.length).toBeGreaterThan(20);
    expect(keywords.length).toBeGreaterThan(2);
    expect(own).toMatchObject({
      license: whole.license,
      engines: whole.engines,
      homepage: `${repository}/tree/main/${folder}#readme`,
      bugs: whole.bugs,
      repository: { ...whole.repository, directory: folder },
      // A scoped package is private unless it says otherwise; provenance ties it to the commit that it was built from.
      publishConfig: { access: 'public', provenance: true },
    });
    expect(text(`${folder}/README.md`).startsWith(`# ${name}\n`)).toBe(true);
    expect(text(`${folder}/LICENSE`)).toBe(text('LICENSE'));
  });
});

describe('every package', () => {
  it('comes from the repository that package.json names', () => {
    expect(whole.repository).toEqual({ type: 'git', url: `git+${repository}.git` });
    expect(whole.bugs).toEqual({ url: `${repository}/issues` });
    const pages = [
      'README.md',
      'Dockerfile.server',
      'Dockerfile.client',
      ...published.map(folder => `${folder}/README.md`),
    ];
    const named = pages.flatMap(page => [
      ...text(page).matchAll(/image\.source=["']?([^\s"']+)|\[rankd\]\((https:[^)]+)\)/g),
    ]);
    expect(named.map(([, label, link]) => label ?? link).filter(url => url !== repository)).toEqual([]);
  });

  it('has the same version, and asks for the others in that version', () => {
    expect(new Set(all.map(({ version }) => version))).toEqual(new Set([whole.version]));
    const asked = all.flatMap(({ dependencies, devDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies }),
    );
    const ours = asked.filter(([name]) => name.startsWith('@rankd/'));
    expect(ours.length).toBeGreaterThan(10);
    expect(ours.filter(([, version]) => version !== whole.version)).toEqual([]);
    // The others are exact versions, too.
    expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('is locked without the name of a registry', () => {
    const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
    const resolved = Object.values(packages).flatMap(entry => entry.resolved ?? []);
    expect(resolved.filter(path => !existsSync(join(root, path)))).toEqual([]);
  });
});
