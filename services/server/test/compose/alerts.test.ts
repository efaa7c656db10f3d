import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  eventually,
  type LaunchedRedis,
  type LaunchedServer,
  launchRedis,
  launchServer,
  RawPeer,
  repository,
} from '@rankd/testkit';
import { engineAnswers, promtool } from './compose-project.js';
import { prometheusImage, shippedPrometheus } from './prometheus-image.js';
import { HurriedPrometheus } from './fast-prometheus.js';

const isCi = process.env['CI'] === 'true';
const hasEngine = engineAnswers();
const MEMBERS_MAX = 4;
const rules = readFileSync(resolve(repository, 'docs/prometheus/rules.yml'), 'utf8');
const ruleCount = (rules.match(/^ *- (alert|record):/gm) ?? []).length;

jest.setTimeout(120_000);

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

describe('the image of Prometheus that the tests run', () => {
  it('is the one of docker-compose.yml if the engine has it, or has none', () => {
    expect(shippedPrometheus).toMatch(/^prom\/prometheus:v3\.\d+\.\d+$/);
    expect(prometheusImage(undefined, shippedPrometheus, [])).toBe(shippedPrometheus);
    expect(prometheusImage('', shippedPrometheus, ['prom/prometheus:v2.53.3', shippedPrometheus])).toBe(
      shippedPrometheus,
    );
  });

  it('is another version if the engine has only that', () => {
    expect(prometheusImage(undefined, shippedPrometheus, ['prom/prometheus:v2.53.3'])).toBe('prom/prometheus:v2.53.3');
  });

  it('is the one that PROMETHEUS_IMAGE names before any other', () => {
    expect(prometheusImage('mine:1', shippedPrometheus, [shippedPrometheus])).toBe('mine:1');
  });
});

(hasEngine || isCi ? describe : describe.skip)('docs/prometheus, read by promtool', () => {
  it.each(['prometheus.yml', 'prometheus.static.yml'])('has a valid configuration: %s', file => {
    const { status, says } = promtool(['check', 'config', '--lint=all', '--lint-fatal', file]);
    expect({ status, says }).toEqual({ status: 0, says: expect.stringContaining(`${ruleCount} rules found`) });
  });

  it('has rules that pass rules.test.yml', () => {
    expect(promtool(['test', 'rules', 'rules.test.yml'])).toEqual({
      status: 0,
      says: expect.stringContaining('SUCCESS'),
    });
  });
});

(hasEngine || isCi ? describe : describe.skip)('the alerts, a minute in a second, of a real Prometheus', () => {
  const ends: (() => unknown)[] = [];
  let redis: LaunchedRedis;
  let server: LaunchedServer;
  let prometheus: HurriedPrometheus;

  async function join(hello: object): Promise<RawPeer> {
    const peer = await RawPeer.connect(server.port);
    ends.push(() => peer.destroy());
    peer.send({ type: 'hello', ...hello });
    await peer.next('welcome');
    return peer;
  }

  /** The leader leaves and joins again last, repeatedly, until `stop`. */
  function flap(group: string): { stop: () => Promise<void> } {
    let isWanted = true;
    const run = async (): Promise<void> => {
      const queue = [await join({ group }), await join({ group }), await join({ group })];
      while (isWanted) {
        const leader = queue.shift();
        leader?.send({ type: 'leave' });
        await leader?.closed;
        queue.push(await join({ group }));
      }
    };
    const running = run();
    return {
      stop: async () => {
        isWanted = false;
        await running;
      },
    };
  }

  beforeAll(async () => {
    redis = await launchRedis();
    ends.push(() => redis.dispose());
    server = await launchServer(repository, {
      RANKD_REDIS_URL: redis.url,
      RANKD_MEMBERS_MAX: String(MEMBERS_MAX),
      RANKD_GRACE_LEADER_MS: '60000',
      RANKD_BACKLOG_BYTES_MAX: '65536',
      RANKD_STALL_MS: '500',
    });
    ends.push(() => server.childProcess.dispose());
    prometheus = await HurriedPrometheus.launch(`127.0.0.1:${server.httpPort}`);
    ends.push(() => prometheus.dispose());
  });

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  it('none, while there is no fault', async () => {
    const leader = await join({ group: 'calm' });
    const below = await join({ group: 'calm' });
    leader.send({ type: 'command', id: 'a', name: 'work' });
    below.send({ type: 'result', seq: (await below.next('command'))['seq'], status: 'done' });
    await leader.next('outcome');
    // as long as the `for` of each alert but one. On a busy machine, a delayed scrape may raise an alert for a moment
    await eventually(30_000, 'a hurried minute', async () =>
      (await prometheus.count('count_over_time(rankd_leader_present{group="calm"}[2s]) > 6')) > 0 ? true : undefined,
    );
    await eventually(30_000, 'no alert', async () => ((await prometheus.alerts()).length === 0 ? true : undefined));
  });

  it('RankdFlapping, if leaders leave all the time', async () => {
    const flapping = flap('flapping');
    const alert = await prometheus.firing('RankdFlapping', { group: 'flapping', severity: 'warning' });
    await flapping.stop();
    expect(alert.annotations['summary']).toBe('Ranks of the group flapping change all the time');
  });

  it('RankdFull, at RANKD_MEMBERS_MAX', async () => {
    for (let member = 0; member < MEMBERS_MAX; member += 1) await join({ group: 'full' });
    await prometheus.firing('RankdFull', { group: 'full' });
    const full = (await prometheus.alerts()).filter(({ labels }) => labels['alertname'] === 'RankdFull');
    expect(full).toHaveLength(1);
  });

  it('RankdSlowConsumers, if a member was closed', async () => {
    const leader = await join({ group: 'slow' });
    const slow = await join({ group: 'slow' });
    slow.pause();
    for (let n = 0; n < 200; n += 1) {
      leader.send({ type: 'command', id: `c${n}`, name: 'swallow', args: 'x'.repeat(60_000), reply: 'none' });
    }
    await server.childProcess.event('member.left', ({ reason }) => reason === 'SLOW_CONSUMER', 60_000);
    await prometheus.firing('RankdSlowConsumers', { severity: 'warning' });
  });

  it('RankdMirrorStale, while Redis is stopped; it ends when Redis continues', async () => {
    await redis.childProcess.stop();
    await join({ group: 'calm' });
    await prometheus.firing('RankdMirrorStale', { job: 'rankd' });
    redis.childProcess.kill('SIGCONT');
    await eventually(60_000, 'the alert’s end', async () =>
      (await prometheus.alerts()).some(({ labels }) => labels['alertname'] === 'RankdMirrorStale') ? undefined : true,
    );
  });

  it('RankdNoLeader, for a group whose leader is away', async () => {
    const leader = await join({ group: 'orphaned' });
    await join({ group: 'orphaned' });
    leader.destroy();
    const alert = await prometheus.firing('RankdNoLeader', { group: 'orphaned', severity: 'critical' });
    expect(alert.annotations['summary']).toBe('The group orphaned has no leader');
  });

  it('and every panel of the dashboard has data', async () => {
    const stranger = await RawPeer.connect(server.port);
    stranger.send({ type: 'nonsense' });
    await stranger.closed;
    const text = readFileSync(resolve(repository, 'docs/grafana/rankd.json'), 'utf8');
    const { panels } = JSON.parse(text) as Dashboard;
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(exprs.length).toBeGreaterThan(30);
    for (const expr of exprs) {
      const asked = expr.replaceAll('$__rate_interval', '10m').replaceAll(/\$(instance|group)/g, '.*');
      await eventually(10_000, asked, async () => ((await prometheus.count(asked)) > 0 ? true : undefined));
    }
  });

  it('RankdNoLeader, without a group, if no server answers', async () => {
    server.childProcess.kill('SIGKILL');
    const alert = await prometheus.firing('RankdNoLeader', { group: '' });
    expect(alert.annotations['summary']).toBe('No rank server answers');
    await prometheus.firing('RankdNoLeader', { group: 'calm' });
  });
});
