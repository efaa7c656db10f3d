import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';

/** No server listens on port 1. A listener fails at each attempt, and the program reports each uncaught exception. */
const program = `
  import { join } from '@rankd/client';
  let uncaught = 0;
  process.on('uncaughtException', ({ message }) => {
    uncaught += 1;
    if (message !== 'boom') console.log(message);
  });
  const prepare = me => {
    me.on('connecting', () => { throw new Error('boom'); });
    me.on('disconnected', async () => { throw new Error('boom'); });
  };
  const error = await join('rankd://127.0.0.1:1', { prepare, joinWithinMs: 1000 }).catch(error => error);
  setImmediate(() => console.log(error.code, uncaught >= 4));
`;

it('an error of a listener is an uncaught exception of the process, and the library tries again', async () => {
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository });
  expect(stdout).toBe('CONNECT_FAILED true\n');
}, 30_000);
