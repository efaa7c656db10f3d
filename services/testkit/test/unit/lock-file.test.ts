import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Locked {
  version?: string;
  resolved?: string;
  link?: boolean;
  optionalDependencies?: Record<string, string>;
}
type Packages = Record<string, Locked>;

const lock = readFileSync(resolve(__dirname, '../../../../package-lock.json'), 'utf8');
const { packages } = JSON.parse(lock) as { packages: Packages };

/** Returns the packages that are missing for a platform. `npm ci` rejects such a lock file on every platform. */
function missingPlatformPackages(locked: Packages): string[] {
  const missing = [];
  for (const [path, { optionalDependencies = {} }] of Object.entries(locked)) {
    for (const name of Object.keys(optionalDependencies)) {
      if (!foldersAbove(path).some(folder => `${folder}node_modules/${name}` in locked)) missing.push(name);
    }
  }
  return missing;
}

/** Returns the folders in which Node looks for an import of the package at `path`: its own folder, then those above it. */
function foldersAbove(path: string): string[] {
  const ends = [...path.matchAll(/(?:^|\/)node_modules\//g)].map(match => path.slice(0, match.index));
  return [path, ...ends].map(folder => (folder === '' ? '' : `${folder}/`));
}

describe('package-lock.json', () => {
  it('has the packages of all platforms', () => {
    expect(missingPlatformPackages(packages)).toEqual([]);
    expect(Object.keys(packages)).toContain('node_modules/@unrs/resolver-binding-darwin-arm64');
  });

  it.each(['@unrs/resolver-binding-darwin-arm64', '@esbuild/win32-x64'])('is incomplete without %s', name => {
    const { [`node_modules/${name}`]: removed, ...others } = packages;
    expect(removed).toBeDefined();
    expect(missingPlatformPackages(others)).toEqual([name]);
  });

  it('contains no name of a registry', () => {
    expect(lock.match(/"resolved": "\w+:\/\/[^"]*"/g)).toBeNull();
  });
});
