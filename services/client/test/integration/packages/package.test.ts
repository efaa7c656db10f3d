import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { within, type LaunchedServer } from '@rankd/testkit';
import { DEADLINE_MS, Fleet } from '../fleet.js';

const fleet = new Fleet();
let server: LaunchedServer;

beforeAll(async () => {
  server = await fleet.server();
});
afterAll(() => fleet.dispose());

describe('the built package', () => {
  it.each<[string, 'module' | 'commonjs', string]>([
    ['import', 'module', `import { join, RankdError } from '@rankd/client';`],
    ['require', 'commonjs', `const { join, RankdError } = require('@rankd/client');`],
  ])('works with %s in plain node', async (_how, kind, load) => {
    const source = `${load}
      async function main() {
        const url = 'rankd://127.0.0.1:' + process.argv[1];
        const me = await join(url, { group: process.argv[2] });
        const bob = await join(url, { group: process.argv[2], prepare: bob => bob.handle('add', ([a, b]) => a + b) });
        for await (const { value } of me.stream('add', [3, 4])) console.log('sum', value);
        const error = await bob.command('add', [1, 2], { to: { ranks: [0] } }).catch(error => error);
        console.log(error instanceof RankdError, error.code);
        await bob.leave();
        await me.leave();
      }
      main();`;
    const program = fleet.script(kind, source, server.port, fleet.newGroup());
    const exit = await within(DEADLINE_MS, 'exit', program.exited);
    expect([program.lines, exit.code]).toEqual([['sum 7', 'true OUTRANKED'], 0]);
  });
});
