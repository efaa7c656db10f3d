import { describe, expect, it } from '@jest/globals';
import { clientSettingsSchema } from '../../../client/src/container/config.js';
import { serverSettingsSchema } from '../../src/config.js';
import { linksToTests, missingAmong, readPage, testsNamedIn } from './named-tests.js';

const page = readPage('security.md');

describe('docs/security.md', () => {
  it('names no test that does not exist, and links to none without its title', () => {
    const named = testsNamedIn(page);
    expect(named.length).toBeGreaterThan(30);
    expect(missingAmong(named)).toEqual([]);
    const { all, withTitles } = linksToTests(page);
    expect(withTitles).toBe(all);
  });

  it('has a test for every threat', () => {
    const table = page.slice(page.indexOf('## Threats'), page.indexOf('## Hardening'));
    const rows = table.split('\n').filter(line => line.startsWith('| ') && !/^\| (who|-+) /.test(line));
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter(row => testsNamedIn(row).length === 0)).toEqual([]);
  });

  it('tells of every setting that keeps somebody out, and of none that does not exist', () => {
    const known = [serverSettingsSchema, clientSettingsSchema].flatMap(({ properties }) => Object.keys(properties));
    const keepsOut = known.filter(name => /TOKEN|TLS|ANONYMOUS|PER_IP|PENDING/.test(name));
    expect(keepsOut.filter(name => !page.includes(name))).toEqual([]);
    const named = [...page.matchAll(/RANKD_[A-Z_]+[A-Z]/g)].map(([name]) => name.replace(/_FILE$/, ''));
    expect(named.filter(name => !known.includes(name) && !['RANKD_TLS'].includes(name))).toEqual([]);
  });

  it('lists every package that is in production, and why', () => {
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

  it('is right that nothing in production has a script that runs when it is installed', () => {
    const { packages } = JSON.parse(readPage('../package-lock.json')) as {
      packages: Record<string, { dev?: boolean; optional?: boolean; hasInstallScript?: boolean }>;
    };
    const inProduction = Object.entries(packages).filter(([, { dev }]) => dev !== true);
    expect(inProduction.length).toBeGreaterThan(20);
    expect(inProduction.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
  });
});
