import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '@rankd/testkit';

const NAME = 'prom/prometheus';

/** The image that docker-compose.yml names. */
export const shippedPrometheus = shippedIn(readFileSync(join(repository, 'docker-compose.yml'), 'utf8'));

function shippedIn(composeFile: string): string {
  const image = /\$\{PROMETHEUS_IMAGE:-([^}]+)\}/.exec(composeFile)?.[1];
  if (image === undefined)
    throw new Error('docker-compose.yml names no image of Prometheus: expected PROMETHEUS_IMAGE');
  return image;
}

/** Prometheus' images that this machine's engine holds. None if no engine answers. */
export function imagesHere(): string[] {
  const args = ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', NAME];
  const { status, stdout } = spawnSync('docker', args, { encoding: 'utf8', timeout: 15_000 });
  return status === 0 ? stdout.split('\n').filter(image => image !== '') : [];
}

/**
 * The image that the tests run: the one named by PROMETHEUS_IMAGE, or else the shipped one. Where the shipped image is not
 * here but another version is, the tests run that one: the engine may reach no registry.
 */
export function prometheusImage(named: string | undefined, shipped: string, here: readonly string[]): string {
  if (named !== undefined && named !== '') return named;
  return here.includes(shipped) ? shipped : (here[0] ?? shipped);
}
