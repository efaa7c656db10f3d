import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';

const root = resolve(__dirname, '../../../..');
const folder = resolve(root, 'examples/kubernetes');
const files = readdirSync(folder).filter(name => name.endsWith('.yaml'));
const release = (JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string }).version;

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The modules of kubernetes-types, which were generated from the schemas of the Kubernetes API. */
const modules: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'networking.k8s.io/v1': 'networking/v1',
};

function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).map(document => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    return document.toJS() as Manifest;
  });
}

function sourceOf(manifests: readonly Manifest[]): string {
  return manifests
    .map((manifest, index) => {
      const module = modules[manifest.apiVersion] ?? `unknown ${manifest.apiVersion}`;
      const type = `import('kubernetes-types/${module}').${manifest.kind}`;
      return `export const manifest${index}: ${type} = ${JSON.stringify(manifest)};`;
    })
    .join('\n');
}

/**
 * Returns what is wrong in each list of manifests by the types of the Kubernetes API: an unknown or missing field, or another type. The
 * compiler runs once, because it needs most of its time to start.
 */
function faultsOf(lists: readonly (readonly Manifest[])[]): string[] {
  const pathOf = (index: number): string => resolve(__dirname, `manifests-${index}.ts`);
  const sources = new Map(lists.map((manifests, index) => [pathOf(index), sourceOf(manifests)]));
  const options = {
    strict: true,
    noEmit: true,
    types: [],
    lib: ['lib.es5.d.ts'],
    module: ts.ModuleKind.NodeNext,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    const source = sources.get(name);
    return source === undefined
      ? getSourceFile(name, ...rest)
      : ts.createSourceFile(name, source, ts.ScriptTarget.ES2022);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].map(path =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
      .join('\n'),
  );
}

const mistakes: readonly (readonly [string, string, string, string])[] = [
  ['an unknown field', 'replicas: 5', 'replica: 5', `'"replica"' does not exist`],
  ['another type', 'replicas: 5', 'replicas: five', "Type 'string' is not assignable to type 'number'"],
  ['a missing field', 'name: worker\n          image', 'image', "Property 'name' is missing"],
  ['an unknown kind', 'kind: Service', 'kind: Servise', "no exported member 'Servise'"],
];

describe('the manifests for Kubernetes', () => {
  const texts = new Map(files.map(name => [name, readFileSync(resolve(folder, name), 'utf8')]));

  it('are valid by the schemas of the API, and would not be with a mistake', () => {
    expect(files).toEqual(['coordinator.yaml', 'workers.yaml']);
    const workers = texts.get('workers.yaml') ?? '';
    const broken = mistakes.map(([, found, replacement]) => {
      expect(workers).toContain(found);
      return manifestsOf(workers.replace(found, replacement));
    });
    const [faults, ...found] = faultsOf([[...texts.values()].flatMap(manifestsOf), ...broken]);
    expect(faults).toBe('');
    const expected = mistakes.map(([what, , , fault]) => [what, expect.stringContaining(fault)]);
    expect(mistakes.map(([what], index) => [what, found[index]])).toEqual(expected);
  });

  it('use the images of this release, and no service links', () => {
    const all = [...texts.values()].join('\n');
    const images = [...all.matchAll(/ghcr\.io\/rankd\/[a-z-]+:(\S+)/g)].map(([, version]) => version);
    expect(new Set(images)).toEqual(new Set([release]));
    const pods = all.match(/^ {4}spec:$/gm) ?? [];
    expect([pods.length, all.match(/enableServiceLinks: false/g)?.length]).toEqual([3, 3]);
  });
});
