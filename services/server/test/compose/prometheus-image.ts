import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '@rankd/testkit';

const NAME = 'prom/prometheus';

/** The image that docker-compose.yml names. */
export const shippedPrometheus = shippedIn(readFileSync(join(repository, 'docker-compose.yml'), 'utf8'));

function shippedIn(composeFile: string): string {
  const image = /\$\{PROMETHEUS_IMAGE:-([^}]+)\}/.exec(composeFile)?.[1];
  if (image === undefined) throw new Error('docker-compose.yml names no Prometheus image: expected PROMETHEUS_IMAGE');
  return image;
}

/** The Prometheus images of this machine's engine. Empty if no engine answers. */
export function imagesHere(): string[] {
  const args = ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', NAME];
  const { status, stdout } = spawnSync('docker', args, { encoding: 'utf8', timeout: 15_000 });
  return status === 0 ? stdout.split('\n').filter(image => image !== '') : [];
}

/**
 * The image that the tests run: the one in PROMETHEUS_IMAGE, else the shipped one. If the engine has only another version, the tests
 * run that one, because the engine may reach no registry.
 */
export function prometheusImage(named: string | undefined, shipped: string, here: readonly string[]): string {
  if (named !== undefined && named !== '') return named;
  return here.includes(shipped) ? shipped : (here[0] ?? shipped);
}
