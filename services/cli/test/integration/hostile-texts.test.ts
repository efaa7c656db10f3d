import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { firstSteering, hostileTexts, type LaunchedServer, launchServer, repository } from '@rankd/testkit';
import { allHostile, HostileServer } from './hostile-server.js';
import { DEADLINE_MS, type Ended, Rankctl } from './rankctl.js';

jest.setTimeout(8 * DEADLINE_MS);

let server: LaunchedServer;
let hostile: HostileServer;
const members: Membership[] = [];
let goings = 0;

beforeAll(async () => {
  server = await launchServer(repository, { RANKD_ADMIN_TOKEN: 'boss', RANKD_MEMBERS_MAX: '1000' });
  hostile = await HostileServer.before(server.port);
  // The protocol allows a member to send these texts in tags and results.
  for (const text of hostileTexts) {
    const prepare = (member: Membership): void => {
      member.handle('go', () => ({ [text]: text }));
      member.handle('fail', () => {
        throw new Error(text);
      });
    };
    members.push(
      await join(`rankd://127.0.0.1:${server.port}`, { name: `m${members.length}`, tags: { [text]: text }, prepare }),
    );
  }
});
afterAll(async () => {
  await Promise.all(members.map(member => member.leave()));
  hostile.dispose();
  await server.childProcess.dispose();
});

const ports = {
  'a real server': () => server.port,
  'a server with the texts in every field': () => hostile.port,
} as const;

function start(port: number, args: readonly string[]): Rankctl {
  return new Rankctl(args, { RANKD_URL: `rankd://127.0.0.1:${port}`, RANKD_ADMIN_TOKEN: 'boss' });
}

/** Checks that no output controls a terminal, that no text forges a line, and that the JSON is complete. */
function expectClean({ stdout, stderr }: Ended): void {
  expect([firstSteering(stdout), firstSteering(stderr)]).toEqual([undefined, undefined]);
  expect(`${stdout}\n${stderr}`).not.toMatch(/^rankctl: fake|^\s+at .*\.js:/m);
}

describe.each(['a real server', 'a server with the texts in every field'] as const)(
  '%s cannot control the terminal',
  which => {
    const run = async (...args: string[]): Promise<Ended> => await start(ports[which](), args).end();

    it.each([
      ['ls'],
      ['why'],
      ['why', 'm3'],
      ['wait', '--members', '2'],
      ['send', 'go'],
      ['send', 'fail'],
      ['send', 'none'],
      ['rollout', 'fail'],
      ['rollout', 'none', '--batch', '100'],
      ['ping', '--count', '1'],
      ['ls', '-q'],
      ['ls', '--format', '{name} {tags} {group} {address} {state} {joinedAt}'],
      ['ls', '--format', 'table {name}\\t{tags}'],
      ['wait', '--leader'],
      ['wait', '--gone', '\x1b[31mnobody\n\u202e'],
      ['remove', '\x1b[31mnobody\n\u202e'],
      ['\x9b31m\n'],
    ])('in rankctl %j', async (...args) => {
      const ended = await run(...args);
      expect(ended.stdout + ended.stderr).not.toBe('');
      expectClean(ended);
    });

    it.each([
      ['ls'],
      ['why'],
      ['why', 'm3'],
      ['wait', '--members', '2'],
      ['send', 'go'],
      ['send', 'fail'],
      ['rollout', 'go', '--batch', '100'],
      ['ping', '--count', '1'],
      ['remove', 'nobody'],
    ])('in rankctl --json %j, which prints the texts as JSON', async (...args) => {
      const ended = await run('--json', ...args);
      expectClean(ended);
      const told = JSON.stringify(JSON.parse(ended.stdout));
      if (args[0] === 'ls' || args[1] === 'go')
        for (const text of hostileTexts) expect(told).toContain(JSON.stringify(text).slice(1, -1));
    });

    it('in rankctl remove and move, with a reason', async () => {
      const name = `going-${(goings += 1)}`;
      await join(`rankd://127.0.0.1:${server.port}`, { name });
      const roster = JSON.parse((await start(server.port, ['--json', 'ls']).end()).stdout) as {
        members: { name: string; member: string }[];
      };
      const id = roster.members.find(member => member.name === name)?.member ?? '';
      for (const args of [
        ['move', id, '5'],
        ['remove', id, '--reason', '\x1b[31m\u202e\n\x9b'],
      ]) {
        const ended = await run(...args);
        expect([ended.code, ended.stderr]).toEqual([0, '']);
        expectClean(ended);
      }
    });

    it.each([[], ['--json']])('in rankctl %j events', async (...more) => {
      const watching = start(ports[which](), [...more, 'events']);
      await watching.says(/watching|connected/);
      const going = await join(`rankd://127.0.0.1:${server.port}`, { name: 'passer-by' });
      await going.leave();
      await watching.says(/left[^]*\n$/);
      watching.child.stdout?.destroy();
      expectClean(await watching.end());
    });

    it.each([[], ['--json']])('in rankctl %j attach', async (...more) => {
      const attached = start(ports[which](), [...more, 'attach', '--name', 'me', '--handle', 'go']);
      await attached.says(/joined/);
      await start(server.port, ['send', 'go', JSON.stringify(allHostile)]).end();
      await attached.says(/"?executed"?|orders go/);
      for (const typed of ['/ls', 'go "x" --to 0', 'go "x" --to 900', '\x1b[31m\x9b \u202e']) attached.type(typed);
      await attached.says(/m19[^]*(outranked|OUTRANKED|misunderstood|is no)/i);
      attached.type('/quit');
      expectClean(await attached.end());
    });
  },
);

describe('a server with a hostile answer', () => {
  it.each([
    [
      'bye with every text',
      `${JSON.stringify({ type: 'bye', code: 'UNSUPPORTED', message: allHostile, retry: false })}\n`,
    ],
    [
      'bye with an unknown code',
      `${JSON.stringify({ type: 'bye', code: allHostile, message: allHostile, retry: false })}\n`,
    ],
    ['no JSON', `${allHostile}\n`],
    ['JSON that is no frame', `${JSON.stringify([allHostile])}\n`],
    ['an unknown type', `${JSON.stringify({ type: allHostile })}\n`],
  ])('cannot control the terminal with %s', async (_title, bytes) => {
    const strange = await HostileServer.saying(bytes);
    for (const args of [['ls'], ['--json', 'ls'], ['attach'], ['completion', 'bash', '--members=']]) {
      const ended = await start(strange.port, args).end();
      expect([args, ended.code]).toEqual([args, 1]);
      expect(ended.stderr).toMatch(/^rankctl: .*\n$/);
      expectClean(ended);
    }
    strange.dispose();
  });
});

describe('a side port that is not a rankd server', () => {
  let http: Server;
  beforeAll(async () => {
    const row = { id: allHostile, name: allHostile, upAt: 0, applied: allHostile };
    const cluster = {
      state: allHostile,
      server: allHostile,
      servers: [row],
      epoch: 1,
      lagEntries: 0,
      shardsFollowed: 1,
    };
    const leader = { member: allHostile, name: allHostile };
    const group = { group: allHostile, size: 1, membersMax: 2, waiting: 0, view: 1, epoch: 1, leader };
    const body = JSON.stringify({ ready: true, cluster, groups: [group] });
    http = createServer((_request, response) => response.end(body));
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    http.close();
  });

  it.each([[], ['--json']])('cannot control the terminal: %j', async (...more) => {
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    for (const verb of ['servers', 'groups']) {
      const ended = await start(1, [...more, verb, '--http', url]).end();
      expect([verb, ended.code]).toEqual([verb, 0]);
      expectClean(ended);
    }
  });
});
