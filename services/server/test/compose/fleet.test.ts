import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, RawPeer, repository, SeededRandom } from '@rankd/testkit';
import { ComposeProject, engineAnswers, promtool } from './compose-project.js';
import { Fleet } from './fleet.js';
import { scrapedBy } from './scraped.js';
import { TokenFiles } from './token-files.js';

const isCi = process.env['CI'] === 'true';
const hasEngine = engineAnswers();
if (!hasEngine && !isCi) {
  console.warn(
    'skipped: the Compose run needs a Docker engine that answers `docker info`; install Docker, or start it',
  );
}
const seed = Number(process.env['RANKD_TEST_SEED'] ?? Date.now() % 1_000_000);
const STEPS = 10;
const rules = readFileSync(resolve(repository, 'docs/prometheus/rules.yml'), 'utf8');
const alertCount = (rules.match(/^ *- alert:/gm) ?? []).length;

jest.setTimeout(180_000);

(hasEngine || isCi ? describe : describe.skip)('docker compose up --build --scale client=5', () => {
  const files = new TokenFiles();
  const project = new ComposeProject('rankd-test', { RANKD_COMMAND_EVERY_MS: '1000', ...files.env });
  const fleet = new Fleet(project, files.token('RANKD_HTTP_TOKEN'));
  /** The replicas in the expected order of their ranks. */
  let order: string[] = [];

  /** Kills one replica. Every replica below it logs its promotion, and none above it. */
  async function kill(victim: string): Promise<void> {
    const rank = order.indexOf(victim);
    const told = new Map<string, number>();
    for (const name of order) told.set(name, (await fleet.promotions(name)).length);
    await project.replica('kill', victim);
    order = order.filter(name => name !== victim);
    await fleet.settles(order);
    for (const [now, name] of order.entries()) {
      await fleet.untilPromoted(name, told.get(name) ?? 0, now >= rank ? [`${now + 1}>${now}`] : []);
    }
  }

  async function start(replica: string): Promise<void> {
    await project.replica('start', replica);
    order = [...order, replica];
    await fleet.settles(order);
  }

  beforeAll(async () => {
    await project.compose('down', '-v', '--remove-orphans');
    await project.compose('up', '--build', '--detach', '--scale', 'client=5', 'server', 'client', 'redis');
  }, 600_000);

  afterAll(async () => {
    await project.compose('down', '-v', '--remove-orphans', '--rmi', 'local');
    files.dispose();
  }, 120_000);

  it('ranks five clients 0 to 4 under their replicas’ names', async () => {
    order = await fleet.settlesAt(5);
    expect([...order].sort()).toEqual(['client-1', 'client-2', 'client-3', 'client-4', 'client-5']);
    expect((await fleet.roster()).map(({ rank }) => rank)).toEqual([0, 1, 2, 3, 4]);
  });

  it('can be listed and commanded with rankctl inside the server’s container', async () => {
    const rankctl = (...args: string[]): Promise<string> => project.compose('exec', '-T', 'server', 'rankctl', ...args);
    const listed = await rankctl('ls');
    expect([...listed.matchAll(/\bclient-\d\b/g)].map(([name]) => name)).toEqual(order);
    expect(JSON.parse(await rankctl('send', 'print', '"hello"', '--json'))).toMatchObject({
      done: true,
      recipients: 5,
    });
    await expect(rankctl('send', 'unheard-of')).rejects.toThrow(/5 of 5 did not execute unheard-of/);
  });

  it('logs executed commands, and refused commands to superiors, in words', async () => {
    const last = order[4] ?? '';
    await eventually(60_000, 'executed and refused', async () => {
      const log = await project.log(last);
      const executed = /command print #\d+ has been executed by order of client-\d \(rank \d\); I am rank 4/.test(log);
      const refused = /the command to rank \d was refused \(OUTRANKED\)/.test(log);
      return executed && refused ? true : undefined;
    });
    const server = await project.log('server-1');
    expect(server).toMatch(new RegExp(`${last}, rank 4, ordered print: refused \\(OUTRANKED\\)`));
  });

  it('shows the same ranks on the side port, in Redis and in the metrics', async () => {
    await fleet.settles(order);
    expect(await fleet.metric('rankd_members{group="default"}')).toBe(5);
    expect(await fleet.metric('rankd_mirror_up')).toBe(1);
    expect(await fleet.metric('rankd_commands_total{result="refused",code="OUTRANKED"}')).toBeGreaterThan(0);
    const view = await fleet.metric('rankd_view{group="default"}');
    expect(await project.redis('HGET', 'rankd:{default}:info', 'view')).toEqual([String(view)]);
    expect(await project.redis('HGET', 'rankd:{default}:info', 'size')).toEqual(['5']);
  });

  it('has rankd metrics that promtool accepts', async () => {
    // promtool does not accept all process metrics of prom-client.
    const own = (await fleet.metrics()).split('\n').filter(line => /^(# (HELP|TYPE) )?rankd_/.test(line));
    expect(own.length).toBeGreaterThan(50);
    expect(promtool(['check', 'metrics'], `${own.join('\n')}\n`)).toEqual({ status: 0, says: '' });
  });

  it('is scraped by its Prometheus, by the token’s file, with the rules', async () => {
    // Not earlier: other containers that start would delay the clients, which wait 200 ms at most for their names
    await project.compose('up', '--detach', '--no-deps', 'prometheus');
    const url = await project.prometheusUrl();
    await eventually(60_000, 'a target', async () => ((await scrapedBy(url)).length === 1 ? true : undefined));
    const answer = await fetch(`${url}/api/v1/rules?type=alert`);
    const { data } = (await answer.json()) as { data: { groups: { rules: { health: string }[] }[] } };
    expect(data.groups.flatMap(({ rules }) => rules)).toHaveLength(alertCount);
  });

  it('takes its tokens from files, which no container’s environment shows', async () => {
    const port = await project.memberPort();
    const says = async (token: string): Promise<string> => {
      const peer = await RawPeer.connect(port);
      peer.send({ type: 'hello', role: 'observer', token });
      const { type, code } = await peer.next();
      peer.destroy();
      return `${type} ${String(code)}`;
    };
    expect(await says(files.token('RANKD_TOKEN'))).toBe('welcome undefined');
    expect(await says(files.token('RANKD_ADMIN_TOKEN'))).toBe('welcome undefined');
    expect(await says('rankd-development')).toBe('bye UNAUTHORIZED');
    expect((await fetch(`${await project.httpUrl()}/metrics`)).status).toBe(401);
    for (const replica of ['server-1', 'client-1', 'prometheus-1']) {
      const inspected = JSON.stringify(await project.inspect(replica));
      expect(inspected).toContain('/run/secrets/rankd-');
      expect(files.tokens.filter(token => inspected.includes(token))).toEqual([]);
      expect(inspected).not.toMatch(/"RANKD_(ADMIN_|HTTP_)?TOKEN=[^"]/);
    }
  });

  it('without such files has the well-known admin token for development', async () => {
    const plain = new ComposeProject('rankd-plain', {});
    const { services } = JSON.parse(await plain.compose('config', '--format', 'json')) as {
      services: { server: { environment: Record<string, string | null> } };
    };
    expect(services.server.environment['RANKD_ADMIN_TOKEN']).toBe('rankd-development');
    expect(services.server.environment['RANKD_ADMIN_TOKEN_FILE']).toBe('');
  });

  it('promotes every survivor when rank 0 is killed, and each one logs its promotion', async () => {
    await kill(order[0] ?? '');
    expect(order).toHaveLength(4);
  });

  it('moves only the members below when a member in the middle is killed', async () => {
    await kill(order[1] ?? '');
    expect(order).toHaveLength(3);
  });

  it(`keeps its ranks through ${STEPS} random kills and restarts (RANKD_TEST_SEED=${seed})`, async () => {
    console.log(`RANKD_TEST_SEED=${seed}`);
    const random = new SeededRandom(seed);
    for (let step = 0; step < STEPS; step += 1) {
      const gone = [1, 2, 3, 4, 5].map(n => `client-${n}`).filter(name => !order.includes(name));
      const starts = order.length <= 1 || (gone.length > 0 && random.below(2) === 0);
      await (starts ? start(gone[random.below(gone.length)] ?? '') : kill(order[random.below(order.length)] ?? ''));
    }
    expect(await fleet.names()).toEqual(order);
  });

  it('gives new members the last ranks when it is scaled to eight', async () => {
    await project.compose('up', '--detach', '--no-recreate', '--scale', 'client=8');
    const names = await fleet.settlesAt(8);
    expect(names.slice(0, order.length)).toEqual(order);
    order = names;
  });

  it('serves the live page from its image, without a token', async () => {
    const [page, script] = await Promise.all(
      ['/', '/page.js'].map(async path => await fetch(`${await project.httpUrl()}${path}`)),
    );
    expect([page?.status, script?.status]).toEqual([200, 200]);
    expect(await page?.text()).toContain('<script type="module" src="page.js">');
    expect((await script?.text())?.length).toBeGreaterThan(10_000);
  });

  it('confines its containers: no root, no capabilities, a file system that cannot be written', async () => {
    for (const [replica, user] of [
      ['server-1', 'node'],
      ['client-1', 'node'],
      ['redis-1', 'redis'],
      ['prometheus-1', 'nobody'],
    ] as const) {
      const { HostConfig, Config } = (await project.inspect(replica)) as {
        HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[]; SecurityOpt: string[] };
        Config: { User: string };
      };
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
      });
      expect(Config.User).toBe(user);
    }
  });

  it.each(['server', 'client', 'redis', 'prometheus'])(
    'runs %s without root, without capabilities, and on a read-only file system',
    async service => {
      const status = await project.compose('exec', '-T', service, 'cat', '/proc/self/status');
      expect(status).toMatch(/^Uid:\t[1-9]\d*\t/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      for (const rights of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        expect(status).toMatch(new RegExp(`^${rights}:\\t0+$`, 'm'));
      }
      await expect(project.compose('exec', '-T', service, 'touch', '/written')).rejects.toThrow(
        /[Rr]ead-only file system/,
      );
    },
  );

  it('sends no promotion while it stops, and every container exits with 0', async () => {
    const told = await Promise.all(order.map(async name => fleet.promotions(name)));
    await project.compose('stop', 'server');
    expect(await Promise.all(order.map(async name => fleet.promotions(name)))).toEqual(told);
    expect(await project.log('server-1')).toMatch(/SIGTERM: draining; 8 members keep their order[\s\S]*stopped after/);
    await project.compose('stop');
    const ends = (await project.containers()).map(({ name, status, exitCode }) => `${name} ${status} ${exitCode}`);
    expect(ends).toHaveLength(11);
    expect(ends.filter(end => !end.endsWith(' exited 0'))).toEqual([]);
  });

  it('has every replica of the server scraped', async () => {
    // without Redis: two standalone servers would overwrite each other's order there
    await project.compose('up', '--detach', '--no-deps', '--scale', 'server=2', 'server', 'prometheus');
    const url = await project.prometheusUrl();
    await eventually(60_000, 'two targets', async () => ((await scrapedBy(url)).length === 2 ? true : undefined));
  });
});
