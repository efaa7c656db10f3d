import { afterAll, describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { eventually, launchRedis, within } from '@rankd/testkit';
import { DEADLINE_MS, Fleet } from '../fleet.js';

const MEMBERS = 100;
/** The window in which returning members are counted, ms. They should spread over at least half a second. */
const WINDOW_MS = 50;

const fleet = new Fleet();
afterAll(() => fleet.dispose());

const placeOf = ({ member, rank, slot }: Membership): object => ({ member, rank, slot });

/** Returns the largest number of members that returned within WINDOW_MS. */
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
  it('S3 S4 has all of them again within 3 s of its start, with their ranks, and not all at once', async () => {
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
    const attempts = new Map(members.map(member => [member, 0]));
    const backMs: number[] = [];
    for (const member of members) {
      member.on('connecting', () => {
        attemptsMs.push(performance.now());
        attempts.set(member, (attempts.get(member) ?? 0) + 1);
      });
    }
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
    // The delays between the attempts of a member have their full length after four of them.
    await eventually(DEADLINE_MS, 'four attempts of each member', () =>
      Promise.resolve([...attempts.values()].every(count => count >= 4) ? true : undefined),
    );
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
