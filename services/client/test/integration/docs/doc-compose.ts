/** Checks the `docker compose` commands of pages against the Compose files. */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { repository } from '@rankd/testkit';
import { parse } from 'yaml';

interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly profiles?: readonly string[] }>>;
}

/** Returns the files, services and profiles that a `docker compose …` line names and that do not exist. */
export function composeFaults(line: string): string[] {
  const words = line.split(/\s+#/)[0]?.split(/\s+/).slice(2) ?? [];
  const after = (...options: string[]): string[] =>
    words.flatMap((word, at) => (options.includes(word) ? [words[at + 1] ?? ''] : []));
  const named = after('-f', '--file');
  const files = named.length === 0 ? ['docker-compose.yml'] : named;
  const missing = files.filter(file => !existsSync(resolve(repository, file)));
  if (missing.length > 0) return missing.map(file => `no file ${file}`);
  const services = Object.assign({}, ...files.map(file => composeFile(file).services)) as ComposeFile['services'];
  const profiles = Object.values(services).flatMap(service => service.profiles ?? []);
  const scaled = after('--scale').map(scale => scale.replace(/=\d+$/, ''));
  return [
    ...[...scaled, ...after('exec')].filter(name => !(name in services)).map(name => `no service ${name}`),
    ...after('--profile').flatMap(name => (profiles.includes(name) ? [] : [`no profile ${name}`])),
  ];
}

function composeFile(file: string): ComposeFile {
  // Otherwise the parser warns about tags that only Compose knows (`!override`).
  const options = { merge: true, logLevel: 'error' } as const;
  return parse(readFileSync(resolve(repository, file), 'utf8'), options) as ComposeFile;
}
