import { afterAll, expect, it } from '@jest/globals';
import { ManualTime, TIMINGS } from '@rankd/testkit';
import { InProcessFleet } from '@rankd/testkit/in-process';

const fleet = new InProcessFleet();
afterAll(() => fleet.dispose());

it('the fleet refuses a connection to a port without a server', async () => {
  expect(() => fleet.openSocket(1)).toThrow('ECONNREFUSED');
  const joining = fleet.join(1, { joinWithinMs: 500 });
  await expect(joining).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
});

it('the fleet resets the connections of a killed server, and connects to the next server on its port', async () => {
  const { port, server } = await fleet.server(TIMINGS.quick);
  const ann = await fleet.join(port);
  const { member } = ann;
  const gone = fleet.next(ann, 'disconnected');
  server.kill();
  expect(await gone).toMatchObject({
    error: { code: 'NOT_CONNECTED', message: expect.stringContaining('ECONNRESET') },
  });
  await expect(fleet.join(port, { joinWithinMs: 50 })).rejects.toMatchObject({
    message: expect.stringContaining('ECONNREFUSED'),
  });
  await fleet.server({ ...TIMINGS.quick, RANKD_PORT: String(port) });
  await fleet.allSeated([ann]);
  expect([ann.rank, ann.member === member]).toEqual([0, false]);
});

it('a proxy loses only the bytes that the test selects', async () => {
  const { port } = await fleet.server(TIMINGS.quick);
  const proxy = fleet.proxy(port);
  const ann = await fleet.join(proxy.port);
  const silent = fleet.next(ann, 'suspended');
  proxy.treat('toClient', 'drop');
  expect(await silent).toEqual({ rank: 0, because: 'silence' });
  proxy.treat('toClient', 'pass');
  await fleet.allSeated([ann]);
});

it('the fleet kills a process: its connection closes, and its timers do not run', async () => {
  const { port } = await fleet.server(TIMINGS.quick);
  const process = fleet.process(port);
  const ann = await process.join();
  const bob = await fleet.join(port);
  const killedMs = fleet.time.nowMs();
  const leads = fleet.next(bob, 'rank', ({ rank }) => rank === 0);
  process.kill();
  expect(await leads).toMatchObject({ cause: { kind: 'left', reason: 'CLOSED' } });
  expect(fleet.time.nowMs()).toBe(killedMs);
  await fleet.time.pass(10_000);
  expect([ann.rank, bob.size]).toEqual([undefined, 1]);
});

it('the time calls a watch after each timer, before and after everything that the timer starts', async () => {
  const time = new ManualTime();
  const steps: string[] = [];
  let state = 'nothing';
  time.after(5, () => {
    state = 'timer';
    void Promise.resolve().then(() => (state = 'promise'));
  });
  const watch = time.watch(() => steps.push(`${time.nowMs()} ${state}`));
  await time.pass(5);
  watch.cancel();
  await time.pass(5);
  expect(steps.slice(0, 2)).toEqual(['5 timer', '5 promise']);
  expect(steps.every(step => step.startsWith('5 '))).toBe(true);
});

it('the clock stops during a wait of the system, although another wait passes time', async () => {
  const time = new ManualTime();
  const passing = time.pass(1000);
  await time.standStillUntil(new Promise(resolve => setTimeout(resolve, 20)));
  expect(time.nowMs()).toBe(0);
  await passing;
  expect(time.nowMs()).toBe(1000);
});
