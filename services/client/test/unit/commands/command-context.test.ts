import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { argsFromText } from '@rankd/client/internal';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { timedIt } from '../in-process/fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: FleetServer;

beforeAll(async () => {
  server = await fleet.server();
});
afterAll(() => fleet.dispose());

describe('the handler of all other commands', () => {
  it('gets the commands without a handler of their own, with their names', async () => {
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group: fleet.newGroup() });
    bob.handle('print', () => 'printed');
    const takeBack = bob.handleOthers((args, { name }) => [name, args]);
    const values = async (name: string): Promise<unknown[]> => {
      const sheet = await ann.command(name, 1, { reply: 'each' });
      return sheet.results.map(({ status, value, error }) => value ?? [status, error?.code]);
    };
    expect(await values('print')).toEqual(['printed']);
    expect(await values('reload')).toEqual([['reload', 1]]);
    takeBack();
    expect(await values('reload')).toEqual([['refused', 'NO_HANDLER']]);
  });

  it('is refused after `leave`', async () => {
    const [ann] = await fleet.joinAll(server.port, ['ann'], { group: fleet.newGroup() });
    await ann.leave();
    expect(() => ann.handleOthers(() => null)).toThrow(expect.objectContaining({ code: 'NOT_CONNECTED' }));
  });
});

describe('the context of a command', () => {
  it('has the arguments as their sender wrote them, the rest of the deadline, and the limit of the value', async () => {
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group: fleet.newGroup() });
    bob.handle('print', async (_, context) => {
      const before = context.leftMs;
      await fleet.time.pass(300);
      return [context.argsJson, context.valueBytesMax, before - context.leftMs, before <= 1000];
    });
    const sheet = await ann.command('print', argsFromText('12345678901234567890'), { reply: 'each', deadlineMs: 1000 });
    expect(sheet.results[0]?.value).toEqual(['12345678901234567890', 64_512, 300, true]);
  });

  it('sends a value that is JSON text unchanged', async () => {
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group: fleet.newGroup() });
    bob.handle('print', () => argsFromText('{"n": 1e2}'));
    bob.handle('deep', () => argsFromText('['.repeat(40) + ']'.repeat(40)));
    expect((await ann.command('print', null, { reply: 'each' })).results[0]?.value).toEqual({ n: 100 });
    expect((await ann.command('deep')).missing).toMatchObject([{ status: 'failed', code: 'BAD_ARGUMENT' }]);
  });
});

describe('view and epoch of a membership', () => {
  it('are those of the newest view, and undefined without a session', async () => {
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group: fleet.newGroup() });
    const { epoch, view } = await bob.roster();
    expect([bob.epoch, bob.view, ann.epoch]).toEqual([epoch, view, epoch]);
    await ann.leave();
    await fleet.time.eventually(1000, 'the view of the departure', () => (bob.rank === 0 ? true : undefined));
    expect([bob.epoch, bob.view]).toEqual([epoch, view + 1]);
    expect(bob.fence).toEqual({ epoch, view: view + 1 });
    expect([ann.epoch, ann.view]).toEqual([undefined, undefined]);
  });
});
