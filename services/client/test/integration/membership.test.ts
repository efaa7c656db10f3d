import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from '@rankd/client';
import { within, type LaunchedServer } from '@rankd/testkit';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { DEADLINE_MS, Fleet } from './fleet.js';

const fleet = new Fleet();
let server: LaunchedServer;

beforeAll(async () => {
  server = await fleet.server();
});
afterAll(() => fleet.dispose());

describe('leaving', () => {
  it('happens at the end of a block with await using', async () => {
    const scope = `
      import { join } from '@rankd/client';
      let outside;
      {
        await using me = await join('rankd://127.0.0.1:' + process.argv[1], { group: process.argv[2] });
        outside = me;
        console.log('rank', me.rank);
      }
      console.log('rank', outside.rank);`;
    // Node 20 has no `await using`. The compiler translates it.
    const compilerOptions = { target: ScriptTarget.ES2022, module: ModuleKind.ESNext };
    const { outputText } = transpileModule(scope, { compilerOptions });
    const program = fleet.script('module', outputText, server.port, fleet.newGroup());
    const exit = await within(DEADLINE_MS, 'exit', program.exited);
    expect([program.lines, exit.code]).toEqual([['rank 0', 'rank undefined'], 0]);
  });

  it('leaves nothing that keeps a process running', async () => {
    const source = `
      import { join } from '@rankd/client';
      const url = 'rankd://127.0.0.1:' + process.argv[1];
      const me = await join(url, { group: process.argv[2] });
      const bob = await join(url, { group: process.argv[2] });
      // Its handler is still at it when it has left.
      const begun = new Promise(resolve => bob.handle('wait', () => (resolve(), new Promise(() => undefined))));
      const sheet = me.command('wait', null, { deadlineMs: 60000 });
      await begun;
      await bob.leave();
      console.log('rank', me.rank, 'left', (await sheet).left);
      await me.leave();`;
    const program = fleet.script('module', source, server.port, fleet.newGroup());
    const exit = await within(DEADLINE_MS, 'exit', program.exited);
    expect([program.lines, exit]).toEqual([['rank 0 left 1'], { code: 0, signal: null }]);
  });
});

describe('a join that fails', () => {
  it('leaves no unhandled rejection if its signal was aborted before', async () => {
    const source = `
      import { join } from '@rankd/client';
      const url = 'rankd://127.0.0.1:' + process.argv[1];
      const signal = AbortSignal.abort();
      const code = error => error.code;
      console.log(await join(url, { signal }).catch(code));
      const me = await join(url, { group: process.argv[2] });
      console.log(await me.command('print', null, { signal }).catch(code));
      await me.leave();`;
    const program = fleet.script('module', source, server.port, fleet.newGroup());
    const exit = await within(DEADLINE_MS, 'exit', program.exited);
    expect([program.lines, exit.code]).toEqual([['ABORTED', 'ABORTED'], 0]);
  });

  it('tries several servers in turn', async () => {
    const tried: string[] = [];
    const ann = await join(`rankd://127.0.0.1:1,rankd://[::1]:1,rankd://127.0.0.1:${server.port}`, {
      group: fleet.newGroup(),
      prepare: member => void member.on('connecting', ({ address }) => tried.push(address)),
    });
    expect(tried).toEqual(['127.0.0.1:1', '[::1]:1', `127.0.0.1:${server.port}`]);
    await ann.leave();
  });
});
