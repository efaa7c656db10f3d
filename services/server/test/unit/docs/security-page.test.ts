import { describe, expect, it } from '@jest/globals';
import { clientSettingsSchema } from '../../../../client/src/container/config.js';
import { serverSettingsSchema } from '../../../src/config.js';
import { linksToTests, missingAmong, readPage, testsNamedIn } from './named-tests.js';

const page = readPage('security.md');

interface Locked {
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readLock(): Readonly<Record<string, Locked>> {
  return (JSON.parse(readPage('../package-lock.json')) as { packages: Record<string, Locked> }).packages;
}

const nameOf = (path: string): string =>
  path
    .split('node_modules/')
    .at(-1)
    ?.replace(/^services\//, '') ?? path;

/** Every package that production installs or that a bundle contains, with the packages that depend on it, both in alphabetical order. */
function askedForInProduction(): Map<string, Set<string>> {
  const lock = readLock();
  const asked = new Map<string, Set<string>>();
  const open = Object.keys(lock).filter(path => /^services\/(protocol|startup|server|client)$/.test(path));
  for (const path of open) {
    for (const name of dependenciesOf(path, lock[path] ?? {}).filter(each => !/^(@rankd\/|rankd$)/.test(each))) {
      if (!asked.has(name)) open.push(placeOf(name, path, lock));
      asked.set(name, (asked.get(name) ?? new Set()).add(nameOf(path)));
    }
  }
  return new Map([...asked].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, by]) => [name, new Set([...by].sort())]));
}

/** Returns where Node finds a package for an asker: in the closest folder above. */
function placeOf(name: string, asker: string, lock: Readonly<Record<string, Locked>>): string {
  for (let folder = asker; folder.includes('/'); folder = folder.slice(0, folder.lastIndexOf('/'))) {
    if (lock[`${folder}/node_modules/${name}`] !== undefined) return `${folder}/node_modules/${name}`;
  }
  return `node_modules/${name}`;
}

function dependenciesOf(path: string, entry: Locked): string[] {
  const { dependencies, optionalDependencies, devDependencies } = entry;
  // The bundle of the server contains them.
  const bundled = path === 'services/server' ? devDependencies : {};
  return Object.keys({ ...dependencies, ...optionalDependencies, ...bundled });
}

/** The packages of the last list of the page: the name, the packages that ask for it, and the purpose. */
function listedPackages(): { readonly name: string; readonly askedBy: string; readonly purpose: string }[] {
  const lines = page
    .slice(page.indexOf('## Supply'))
    .replaceAll(/\n {2}/g, ' ')
    .matchAll(/^- (`[^:]+`): (.*)$/gm);
  const packages = [...lines].flatMap(([, askers = '', list = '']) =>
    [...list.matchAll(/(\S+) \(([^)]+)\)(?:, |$)/g)].map(([, name = '', purpose = '']) => ({
      name,
      askedBy: askers.replaceAll('`', ''),
      purpose,
    })),
  );
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

describe('docs/security.md', () => {
  it('quotes only tests that exist, and the title of every test that it links to', () => {
    const named = testsNamedIn(page);
    expect(named.length).toBeGreaterThan(30);
    expect(missingAmong(named)).toEqual([]);
    const { all, withTitles } = linksToTests(page);
    expect(withTitles).toBe(all);
  });

  it('has a test for every threat, under the same number', () => {
    const threats = page.slice(page.indexOf('## Threats'), page.indexOf('## Tests of the threats'));
    const tests = page.slice(page.indexOf('## Tests of the threats'), page.indexOf('## Supply'));
    const numbers = [...threats.matchAll(/^\| (\d+) +\|/gm)].map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThan(30);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const tested = [...tests.matchAll(/^(\d+)\. (.*)$/gm)].filter(([, , item = '']) => testsNamedIn(item).length > 0);
    expect(tested.map(([, number]) => Number(number))).toEqual(numbers);
  });

  it('lists every setting that limits access, and only settings that exist', () => {
    const known = [serverSettingsSchema, clientSettingsSchema].flatMap(({ properties }) => Object.keys(properties));
    const keepsOut = known.filter(name => /TOKEN|TLS|ANONYMOUS|PER_IP|PENDING/.test(name));
    expect(keepsOut.filter(name => !page.includes(name))).toEqual([]);
    const named = [...page.matchAll(/RANKD_[A-Z_]+[A-Z]/g)].map(([name]) => name.replace(/_FILE$/, ''));
    expect(named.filter(name => !known.includes(name) && !['RANKD_TLS'].includes(name))).toEqual([]);
  });

  it('lists every production package with the reason for it', () => {
    const contributing = readPage('../CONTRIBUTING.md');
    const services = ['protocol', 'startup', 'server', 'client', 'cli'];
    const packages = services.flatMap(service => {
      const { dependencies = {} } = JSON.parse(readPage(`../services/${service}/package.json`)) as {
        dependencies?: Record<string, string>;
      };
      return Object.keys(dependencies).filter(name => !name.startsWith('@rankd/'));
    });
    expect(packages.length).toBeGreaterThan(4);
    expect(packages.filter(name => !new RegExp(`^\\| ${name} +\\| .{10,}`, 'm').test(contributing))).toEqual([]);
  });

  it('lists exactly the packages that the server, the client and their bundles contain, with the packages that depend on them', () => {
    const listed = listedPackages().map(({ name, askedBy }) => `${name} by ${askedBy}`);
    expect(listed).toEqual([...askedForInProduction()].map(([name, by]) => `${name} by ${[...by].join(', ')}`));
    expect(listedPackages().filter(({ purpose }) => purpose.length < 6)).toEqual([]);
  });

  it('states correctly that no production package has an install script', () => {
    const inProduction = Object.entries(readLock()).filter(([, { dev }]) => dev !== true);
    expect(inProduction.length).toBeGreaterThan(40);
    expect(inProduction.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
  });
});
