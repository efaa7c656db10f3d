import { afterAll, describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { eventually, launchRedis, within } from '@rankd/testkit';
import { DEADLINE_MS, Fleet } from '../fleet.js';

const MEMBERS = 100;
/** Half a second is what the members of a fleet should spread over at least. */
const WINDOW_MS = 50;

/** What is refused with these has been sent to nobody. */
const refusals: ReadonlySet<string | undefined> = new Set(['DRAINING', 'NOT_CONNECTED']);

const fleet = new Fleet();
afterAll(() => fleet.dispose());

const placeOf = ({ member, rank, slot }: Membership): object => ({ member, rank, slot });

/** The most of them within any WINDOW_MS. */
function densest(timesMs: readonly number[]): number {
  const inWindow = (from: number): number => timesMs.filter(at => at >= from && at < from + WINDOW_MS).length;
  return Math.max(...timesMs.map(inWindow));
}

async function joinMany(port: number, count: number): Promise<Membership[]> {
  const members: Membership[] = [];
  for (let index = 0; index < count; index += 1) members.push(await fleet.join(port, { name: `m${index}` }));
  return members;
}

describe('S3, S4 A server with a mirror that is killed under 100 members', () => {
  it('S3 S4 has all of them back within 3 s of its return, in their places, and not all at once', async () => {
    const redis = await launchRedis();
    const env = { RANKD_REDIS_URL: redis.url };
    const { port, httpPort, childProcess: program } = await fleet.server(env);
    const members = await joinMany(port, MEMBERS);
    const before = members.map(placeOf);
    await eventually(DEADLINE_MS, 'the mirror', async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
      return /^rankd_mirror_lag_views 0$/m.test(metrics) && /^rankd_mirror_up 1$/m.test(metrics) ? true : undefined;
    });
    const attemptsMs: number[] = [];
    const backMs: number[] = [];
    for (const member of members) member.on('connecting', () => attemptsMs.push(performance.now()));
    const back = Promise.all(
      members.map(
        async member =>
          new Promise<boolean>(resolve => {
            member.once('joined', ({ resumed }) => {
              backMs.push(performance.now());
              resolve(resumed);
            });
          }),
      ),
    );
    program.kill('SIGKILL');
    await program.exited;
    // Gone for as long as it takes to come back to the longest pause between attempts.
    await new Promise(resolve => setTimeout(resolve, 1500));
    await fleet.server({ ...env, RANKD_PORT: String(port) });
    const returnedMs = performance.now();
    expect(await within(3000, 'all of them', back)).toEqual(Array(MEMBERS).fill(true));
    expect(members.map(placeOf)).toEqual(before);
    const sinceReturn = attemptsMs.filter(atMs => atMs >= returnedMs);
    expect(densest(attemptsMs.filter(atMs => atMs >= returnedMs - 500))).toBeLessThan(MEMBERS / 2);
    process.stdout.write(
      `S3 S4: all back ${Math.round(Math.max(...backMs) - returnedMs)} ms after its return, ` +
        `${sinceReturn.length} attempts since, at most ${densest(sinceReturn)} within ${WINDOW_MS} ms\n`,
    );
    await Promise.all(members.map(member => member.leave()));
    await redis.dispose();
  });
});

describe('S1 A server that goes down in order under load', () => {
  it('S1 loses no command that it has accepted without saying so', async () => {
    const { port, childProcess: program } = await fleet.server({ RANKD_REFORM_MS: '60000' });
    const members = await joinMany(port, 20);
    const executions = new Map<string, number>();
    for (const member of members) {
      member.handle('work', async (token: string) => {
        executions.set(token, (executions.get(token) ?? 0) + 1);
        await new Promise(resolve => setTimeout(resolve, 30));
      });
    }
    const endings: { token: string; done: number | undefined; code: string | undefined }[] = [];
    let isOver = false;
    const work = async (member: Membership, index: number): Promise<void> => {
      for (let n = 0; !isOver; n += 1) {
        const token = `${index}-${n}`;
        const ending = await member.command('work', token, { deadlineMs: 2000 }).then(
          ({ done, recipients }) => ({ token, done, code: done === recipients ? undefined : 'not all done' }),
          (error: unknown) => ({ token, done: undefined, code: (error as { code: string }).code }),
        );
        endings.push(ending);
        if (ending.code !== undefined) return;
      }
    };
    const workers = Promise.all(members.slice(0, 10).map(work));
    await eventually(DEADLINE_MS, 'load', () => (endings.length > 50 ? true : undefined));
    program.kill('SIGTERM');
    await within(DEADLINE_MS, 'every command to end', workers);
    isOver = true;
    expect(await within(DEADLINE_MS, 'its exit', program.exited)).toEqual({ code: 0, signal: null });
    for (const { token, done, code } of endings) {
      const executed = executions.get(token) ?? 0;
      if (done !== undefined) expect([token, executed, code]).toEqual([token, done, undefined]);
      else if (code !== 'OUTCOME_UNKNOWN') expect([token, refusals.has(code), executed]).toEqual([token, true, 0]);
    }
    const count = (fits: (code: string | undefined) => boolean): number =>
      endings.filter(({ code }) => fits(code)).length;
    expect(count(code => code === 'DRAINING')).toBeGreaterThan(0);
    // What was accepted had RANKD_DRAIN_MS to end, and needed 30 ms.
    expect(count(code => code === 'OUTCOME_UNKNOWN')).toBe(0);
    process.stdout.write(
      `S1: ${count(code => code === undefined)} done, ${count(code => code === 'DRAINING')} refused with DRAINING, 0 unknown\n`,
    );
  });
});
