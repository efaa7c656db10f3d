import { readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

const root = resolve(__dirname, '../../../..');
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as { version: string; license: string };
const dockerfiles = readdirSync(root).filter(name => name.startsWith('Dockerfile.'));
/** The image of the executable contains no Node of its own. */
const nodeDockerfiles = dockerfiles.filter(name => name !== 'Dockerfile.rankctl');
const composeFiles = ['docker-compose.yml', 'examples/shards/compose.yml'];

/** Returns the major version of Node in each mention of its image. */
function nodeImages(path: string): string[] {
  return [...read(path).matchAll(/\bnode:(\d+)-trixie-slim\b/g)].map(([, major = '']) => major);
}

describe('the images', () => {
  it('are all based on the Node version in the README', () => {
    const [, major] = /(\d+) is what the containers run/.exec(read('README.md')) ?? [];
    for (const path of [...nodeDockerfiles, ...composeFiles]) expect([path, nodeImages(path)]).toEqual([path, [major]]);
    expect(dockerfiles).toEqual(['Dockerfile.client', 'Dockerfile.rankctl', 'Dockerfile.server']);
  });

  it.each(dockerfiles)('%s has the labels of package.json', path => {
    const label = (name: string): string | undefined =>
      new RegExp(`org\\.opencontainers\\.image\\.${name}="([^"]*)"`).exec(read(path))?.[1];
    expect(label('title')).toBe(path.replace('Dockerfile.', 'rankd-').replace('rankd-rankctl', 'rankctl'));
    expect(label('version')).toBe(manifest.version);
    expect(label('licenses')).toBe(manifest.license);
    expect(label('base\\.name')).toBe(nodeDockerfiles.includes(path) ? '${NODE_IMAGE}' : undefined);
    expect(label('description')).not.toBe('');
  });
});

describe('docker-compose.yml', () => {
  it('names its project rankd in any directory, as the README does', () => {
    const { name } = parse(read('docker-compose.yml'), { merge: true }) as { name?: string };
    expect(name).toBe('rankd');
    expect(read('README.md')).toContain(`docker kill ${name}-client-2`);
  });

  it('watches folders and files that exist', () => {
    const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
      services: { client: { develop: { watch: { path: string }[] } } };
    };
    const paths = services.client.develop.watch.map(({ path }) => path);
    expect(paths).toContain('services/client/src');
    for (const path of paths) expect(() => statSync(resolve(root, path))).not.toThrow();
  });
});
