import { describe, expect, it } from '@jest/globals';
import { allowedCores, pinned } from '../../src/machine/cpu-pinning.js';
import { hintsFor } from '../../src/servers/tools.js';

describe('cores', () => {
  it.each([
    ['0-3', [0, 1, 2, 3]],
    ['5', [5]],
    ['2,4-5', [2, 4, 5]],
    ['', []],
  ])("are parsed from the kernel's list %j", (list, cores) => {
    expect(allowedCores(list)).toEqual(cores);
  });
});

describe('a command', () => {
  const command = { program: 'redis-server', args: ['--port', '1'] };

  it('is unchanged without the tools', () => {
    expect(pinned(command, undefined, [])).toEqual(command);
  });

  it('runs on its core, and ends with this process, if the tools are installed', () => {
    expect(pinned(command, 1, [{ name: 'setpriv', version: '2' }])).toEqual({
      program: 'taskset',
      args: ['-c', '1', 'setpriv', '--pdeathsig', 'KILL', 'redis-server', '--port', '1'],
    });
  });
});

it('a missing tool has a hint, and an installed one has none', () => {
  const hints = hintsFor([
    { name: 'gcc', version: 'gcc 14' },
    { name: 'nats-server', version: undefined },
  ]);
  expect(hints).toEqual(['nats-server is not installed; needed for rows against NATS: apt-get install nats-server']);
});
