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
  it('has the arguments as their sender wrote them, and the rest of the deadline', async () => {
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group: fleet.newGroup() });
    bob.handle('print', async (_, context) => {
      const before = context.leftMs;
      await fleet.time.pass(300);
      return [context.argsJson, before - context.leftMs, before <= 1000];
    });
    const sheet = await ann.command('print', argsFromText('12345678901234567890'), { reply: 'each', deadlineMs: 1000 });
    expect(sheet.results[0]?.value).toEqual(['12345678901234567890', 300, true]);
  });

  it('sends a value that is JSON text unchanged', async () => {
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group: fleet.newGroup() });
    bob.handle('print', () => argsFromText('{"n": 1e2}'));
    bob.handle('deep', () => argsFromText('['.repeat(40) + ']'.repeat(40)));
    expect((await ann.command('print', null, { reply: 'each' })).results[0]?.value).toEqual({ n: 100 });
    expect((await ann.command('deep')).missing).toMatchObject([{ status: 'failed', code: 'BAD_ARGUMENT' }]);
  });
});
