import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { launchServer, repository } from '@rankd/testkit';
import { DEADLINE_MS, Rankctl } from './rankctl.js';

/** This test checks no speed. The limit only ends a test that hangs. */
jest.setTimeout(6 * DEADLINE_MS);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rankctl-bench-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Report {
  readonly where: string;
  readonly members: number;
  readonly rows: readonly {
    readonly id: string;
    readonly probes: readonly { readonly samples: object[]; readonly faults: string[] }[];
  }[];
}

describe('bench', () => {
  it('measures the server of --url, in a group of its own, with as many members as the server admits', async () => {
    const quickly = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '600', RANKD_DEAD_MS: '800' };
    const server = await launchServer(repository, { ...quickly, RANKD_TOKEN: 'friend', RANKD_MEMBERS_MAX: '10' });
    const args = ['bench', '--quick', '--json', '--url', `rankd://127.0.0.1:${server.port}`, '--token', 'friend'];
    const { code, stdout, stderr } = await new Rankctl(args).end(4 * DEADLINE_MS);
    await server.childProcess.dispose();
    const { rows, members } = JSON.parse(stdout) as Report;
    for (const { id, probes } of rows) {
      expect([id, probes]).toEqual([id, [{ key: 'rankd', samples: [expect.anything()], faults: [] }]]);
    }
    expect([code, members, rows.map(({ id }) => id)]).toEqual([0, 10, ['storm', 'trip', 'fan', 'elect', 'silence']]);
    expect(rows[4]?.probes[0]?.samples[0]).toMatchObject({ deadMs: 800 });
    expect(stderr).toContain('measured silence');
  });

  it('starts a server and leaves no process', async () => {
    const bench = new Rankctl(['bench', '--quick', '--members', '5'], { TMPDIR: directory });
    const { code, stdout } = await bench.end(4 * DEADLINE_MS);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^rankd · a new server on this machine [^]*Kubernetes leases +15 s/),
    ]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('reports in one sentence that the server rejects the token', async () => {
    const { code, stdout, stderr } = await new Rankctl(['bench', '--json', '--url', 'rankd://127.0.0.1:1']).end();
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'BENCH_FAILED' } });
    expect(stderr).toMatch(
      /^rankctl: no rankd server answers at rankd:\/\/127\.0\.0\.1:1 \(connection refused\): check the address .*\n$/,
    );
  });
});
