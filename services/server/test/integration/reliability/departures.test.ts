import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, numberIn, ProcessServer } from '@rankd/testkit';
import { quantile, show } from './insiders.js';

let server: ProcessServer;

beforeAll(async () => {
  server = await ProcessServer.launch({ RANKD_SUSPEND_MS: '50000', RANKD_DEAD_MS: '60000' });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

describe('T1, T2 A member that leaves', () => {
  it('T1 T2 by RST or FIN causes one view for each other member, at once', async () => {
    const members = await server.joinMany(50, server.freshGroup());
    const delaysMs: number[] = [];
    for (let round = 0; round < 30; round += 1) {
      const gone = at(members, 0);
      const stay = members.splice(0, members.length, ...members.slice(1));
      const wentAtMs = performance.now();
      if (round % 2 === 0) gone.peer.reset();
      else gone.peer.destroy();
      for (const [index, { peer }] of stay.slice(1).entries()) {
        const view = await peer.next('view');
        expect(view).toMatchObject({ rank: index, was: index + 1, changes: 1, cause: { member: gone.id } });
        delaysMs.push(peer.recordOf(view).atMs - wentAtMs);
      }
    }
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
    show('T1 T2', { 'p50 ms': quantile(delaysMs, 0.5), 'p99 ms': quantile(delaysMs, 0.99) });
  }, 20_000);
});

describe('L11 All members but one leave at the same moment', () => {
  it('L11 99 of 100: the remaining member receives a single frame for all of them', async () => {
    const members = await server.joinMany(100, server.freshGroup());
    const last = at(members, -1);
    const wentAtMs = performance.now();
    await server.whileStopped(() => members.slice(0, -1).forEach(({ peer }) => peer.reset()));
    const view = await last.peer.next('view');
    expect(view).toMatchObject({ rank: 0, was: 99, size: 1, changes: 99 });
    expect(await last.peer.awaitUntakenFrames()).toEqual([]);
    expect(last.peer.recordOf(view).bytes).toBeLessThan(1024);
    expect(numberIn(view, 'view')).toBe(199);
    show('L11', { 'after ms': last.peer.recordOf(view).atMs - wentAtMs, bytes: last.peer.recordOf(view).bytes });
  });
});
