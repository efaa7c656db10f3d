import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { CommandContext } from '@rankd/client';
import { limits } from '@rankd/protocol';
import { eventually, within } from '@rankd/testkit';
import { WAITING_MAX } from '../../../src/programs/shell-commands/command-queue.js';
import { type LineGuards, startHeldBy } from '../../../src/programs/shell-commands/held-process.js';
import { ARGS_VARIABLE_BYTES_MAX } from '../../../src/programs/shell-commands/line-environment.js';
import { parseOnOptions } from '../../../src/programs/shell-commands/on-options.js';
import { ShellCommands } from '../../../src/programs/shell-commands/shell-commands.js';

const DEADLINE_MS = 20_000;
const VALUE_BYTES_MAX = 64_512;
const opened: ShellCommands[] = [];

/** Records the calls of a guard. */
class RecordedGuards extends EventEmitter {
  readonly calls: string[] = [];

  async waitForGuard(): Promise<unknown> {
    const call = (what: string) => () => void this.calls.push(what);
    return Promise.resolve({
      announce: call('announce'),
      withdraw: call('withdraw'),
      hold: call('hold'),
      release: call('release'),
    });
  }
}
const recorded = new RecordedGuards();
const guards = recorded as unknown as LineGuards;

afterEach(async () => {
  await Promise.all(opened.splice(0).map(async commands => commands.close()));
});

type Handler = (args: never, context: CommandContext) => unknown;

interface Sent {
  readonly argsJson?: string;
  readonly leftMs?: number;
  readonly valueBytesMax?: number;
  readonly signal?: AbortSignal;
}

interface Fixture {
  readonly commands: ShellCommands;
  /** Sends a command as the library does. Resolves with the JSON of the value. */
  readonly send: (name: string, sent?: Sent) => Promise<string>;
  readonly signals: NodeJS.Signals[];
}

function shellCommands(lines: readonly string[], { parallel = 1, isRunning = true, environment = {} } = {}): Fixture {
  const handlers = new Map<string, Handler>();
  let other: Handler | undefined;
  const signals: NodeJS.Signals[] = [];
  const commands = new ShellCommands(
    { actions: parseOnOptions(lines), parallel },
    {
      startHeld: startHeldBy(guards),
      environment: () => ({ PATH: process.env['PATH'], ...environment }),
      signalProgram: signal => isRunning && signals.push(signal) > 0,
    },
  );
  opened.push(commands);
  const member = { server: { payloadBytesMax: VALUE_BYTES_MAX } };
  commands.addHandlers(
    Object.assign(member, {
      handle: (name: string, handler: Handler) => {
        handlers.set(name, handler);
        return () => undefined;
      },
      handleOthers: (handler: Handler) => {
        other = handler;
        return () => undefined;
      },
    }) as unknown as Parameters<ShellCommands['addHandlers']>[0],
  );
  const send = async (name: string, sent: Sent = {}): Promise<string> => {
    member.server = { payloadBytesMax: sent.valueBytesMax ?? VALUE_BYTES_MAX };
    const context = {
      name,
      from: { member: 'm1', rank: 0, name: 'ann' },
      seq: 7,
      argsJson: sent.argsJson,
      leftMs: sent.leftMs ?? 4321.5,
      signal: sent.signal ?? new AbortController().signal,
    };
    const value = await (handlers.get(name) ?? other)?.(undefined as never, context);
    return jsonOf(value);
  };
  return { commands, send, signals };
}

/** The JSON that the library sends: that of a JsonText is its text. */
function jsonOf(value: unknown): string {
  const { json } = Object(value) as { readonly json?: string };
  return json ?? (value === undefined ? 'undefined' : JSON.stringify(value));
}

async function pidsOf(mark: string): Promise<readonly number[]> {
  const { execFile } = await import('node:child_process');
  const listing = await new Promise<string>(resolve =>
    execFile('ps', ['-eo', 'pid=,stat=,args='], (_, out) => resolve(out)),
  );
  const lines = listing.split('\n').filter(line => line.includes(mark) && !/^\s*\d+\s+Z/.test(line));
  return lines.map(line => Number.parseInt(line, 10));
}

async function gone(mark: string): Promise<void> {
  await eventually(DEADLINE_MS, `the end of ${mark}`, async () =>
    (await pidsOf(mark)).length === 0 ? true : undefined,
  );
}

async function running(mark: string): Promise<void> {
  await eventually(DEADLINE_MS, `the start of ${mark}`, async () =>
    (await pidsOf(mark)).length > 0 ? true : undefined,
  );
}

describe('R-PROG-8 a shell line', () => {
  it.each([
    ['a JSON value', `printf '{"pages": 2}'`, '{"pages": 2}'],
    ['a number with all its digits', 'echo 12345678901234567890', '12345678901234567890\n'],
    ['a text', 'echo hello', '"hello"'],
    ['a text of several lines', String.raw`printf 'a\nb\n\n'`, String.raw`"a\nb"`],
    ['JSON that the protocol does not allow', `printf '{"__proto__":1}'`, String.raw`"{\"__proto__\":1}"`],
    ['nothing', 'true', '""'],
    ['bytes that are not UTF-8', String.raw`printf 'a\377'`, '"a�"'],
  ])('has the value of what it printed: %s', async (_, line, json) => {
    const { send } = shellCommands([`print=${line}`]);
    expect(await send('print')).toBe(json);
  });

  it('reads the arguments from standard input and RANKD_ARGS', async () => {
    const { send } = shellCommands(['print=read -r line; printf %s "$line|$RANKD_ARGS"']);
    expect(JSON.parse(await send('print', { argsJson: '{"n":12345678901234567890}' }))).toBe(
      '{"n":12345678901234567890}|{"n":12345678901234567890}',
    );
    expect(JSON.parse(await send('print'))).toBe('null|null');
  });

  it('gets who sent the command, its seq and the rest of its deadline', async () => {
    const { send } = shellCommands(
      ['print=echo $RANKD_FROM,$RANKD_FROM_RANK,$RANKD_SEQ,$RANKD_DEADLINE_MS,$RANKD_NAME'],
      {
        environment: { RANKD_NAME: 'bob' },
      },
    );
    expect(await send('print')).toBe('"ann,0,7,4322,bob"');
  });

  it('gets RANKD_ARGS up to the limit, and only standard input above it', async () => {
    const { send } = shellCommands(['print=echo ${#RANKD_ARGS} $(wc -c)'], {
      environment: { RANKD_ARGS: 'inherited' },
    });
    const args = (bytes: number): string => JSON.stringify('x'.repeat(bytes - 2));
    expect(await send('print', { argsJson: args(ARGS_VARIABLE_BYTES_MAX) })).toBe('"100000 100001"');
    expect(await send('print', { argsJson: args(ARGS_VARIABLE_BYTES_MAX + 1) })).toBe('"0 100002"');
  });

  it('may leave its input unread', async () => {
    const { send } = shellCommands(['print=exec <&-; echo read nothing']);
    expect(await send('print', { argsJson: JSON.stringify('x'.repeat(90_000)) })).toBe('"read nothing"');
  });

  it('does not expand the arguments', async () => {
    const { send } = shellCommands(['print=printf %s "$RANKD_ARGS"']);
    expect(JSON.parse(await send('print', { argsJson: '"$(echo no) `echo no`; \'"' }))).toBe("$(echo no) `echo no`; '");
  });

  it.each([
    ['the last line of standard error', `echo first >&2; echo 'no paper' >&2; echo >&2; exit 3`, 'no paper'],
    ['its exit code if it wrote nothing', 'exit 3', 'the shell line ended with exit code 3'],
    ['its signal if it wrote nothing', 'kill -SEGV $$', 'the shell line was killed by SIGSEGV'],
    ['the start of a long line', `head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1`, 'x'.repeat(1024)],
  ])('fails with %s', async (_, line, message) => {
    const { send } = shellCommands([`print=${line}`]);
    await expect(send('print')).rejects.toThrow(new Error(message));
  });
});

describe('R-PROG-8 the output of a shell line', () => {
  const printing = (bytes: number): string => `print=printf '"%s"' $(head -c ${bytes - 2} /dev/zero | tr '\\0' x)`;

  it('is JSON at the payload limit', async () => {
    const { send } = shellCommands([printing(VALUE_BYTES_MAX)]);
    expect(await send('print')).toBe(JSON.stringify('x'.repeat(VALUE_BYTES_MAX - 2)));
  });

  it('is cut above the payload limit, then as text', async () => {
    const { send } = shellCommands([printing(VALUE_BYTES_MAX + 1)]);
    const json = await send('print');
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(VALUE_BYTES_MAX);
    expect(Buffer.byteLength(json)).toBeGreaterThan(VALUE_BYTES_MAX - 10);
    expect((JSON.parse(json) as string).startsWith('"xxx')).toBe(true);
  });

  it('is cut to what fits when it is encoded, between characters', async () => {
    const { send } = shellCommands([String.raw`print=yes '😀"' | head -c 60000`]);
    const json = await send('print', { valueBytesMax: 1000 });
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(1000);
    expect(Buffer.byteLength(json)).toBeGreaterThan(980);
    expect(JSON.parse(json)).not.toMatch(/[\uD800-\uDBFF]$/);
  });

  it('takes no memory above the limit, however long it is', async () => {
    const { send } = shellCommands(['print=head -c 300000000 /dev/zero']);
    const before = process.memoryUsage().rss;
    const json = await send('print');
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(VALUE_BYTES_MAX);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });
});

describe('R-PROG-8 the deadline', () => {
  it('kills the whole group of the line', async () => {
    const { send } = shellCommands(['print=sleep 3141 & trap "" TERM; sleep 3142']);
    const deadline = new AbortController();
    const sent = send('print', { signal: deadline.signal });
    await running('sleep 3142');
    deadline.abort();
    await expect(sent).rejects.toThrow('killed by SIGKILL');
    await gone('sleep 314');
  });

  it('counts for a line that waits for its turn', async () => {
    const { send } = shellCommands(['slow=sleep 3151', 'print=echo started']);
    const [slow, print] = [new AbortController(), new AbortController()];
    const first = send('slow', { signal: slow.signal });
    const second = send('print', { signal: print.signal });
    print.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    slow.abort();
    await expect(first).rejects.toThrow('killed');
    expect(await send('print')).toBe('"started"');
  });

  it('is not needed for processes that a line leaves behind: they are killed when the shell ends', async () => {
    const { send } = shellCommands(['print=sleep 3161 & echo done']);
    expect(await within(DEADLINE_MS, 'the value', send('print'))).toBe('"done"');
    await gone('sleep 3161');
  });

  it('does not wait for a process that has left the group and keeps the output open', async () => {
    const { send } = shellCommands(['print=setsid sleep 3171 & echo done']);
    expect(await within(DEADLINE_MS, 'the value', send('print'))).toBe('"done"');
    for (const pid of await pidsOf('sleep 3171')) process.kill(pid, 'SIGKILL');
  });

  it('closing kills the lines that run, and starts none that waits', async () => {
    const { commands, send } = shellCommands(['slow=sleep 3181']);
    const both = Promise.allSettled([send('slow'), send('slow')]);
    await running('sleep 3181');
    await commands.close();
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await gone('sleep 3181');
  });
});

describe('R-PROG-5 a shell line', () => {
  it('is held by the guard until nothing of its group runs', async () => {
    recorded.calls.length = 0;
    const { send } = shellCommands(['print=sleep 3211 & echo done']);
    await send('print');
    expect(recorded.calls).toEqual(['announce', 'hold', 'release']);
    expect(await pidsOf('sleep 3211')).toEqual([]);
    expect(recorded.listenerCount('died')).toBe(0);
  });

  it('is killed when the guard dies', async () => {
    const { send } = shellCommands(['slow=sleep 3221']);
    const slow = send('slow');
    await running('sleep 3221');
    recorded.emit('died', { why: 'SIGKILL', retryInMs: 0 });
    await expect(slow).rejects.toThrow('killed by SIGKILL');
  });
});

describe('R-PROG-8 --on-parallel', () => {
  const meeting =
    'echo . >>"$DIR/starts"; while [ "$(wc -l <"$DIR/starts")" -lt "$NEED" ]; do sleep 0.01; done; echo met';

  it('runs as many lines at once as it says', async () => {
    const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
    const directory = mkdtempSync('/tmp/rankd-parallel-');
    const { send } = shellCommands([`meet=${meeting}`], { parallel: 3, environment: { DIR: directory, NEED: '3' } });
    const end = new AbortController();
    const sent = [1, 2, 3, 4].map(async () => send('meet', { signal: end.signal }));
    expect(await Promise.all(sent)).toEqual(['"met"', '"met"', '"met"', '"met"']);
    expect(readFileSync(`${directory}/starts`, 'utf8')).toBe('.\n'.repeat(4));
    rmSync(directory, { recursive: true });
  });

  it('runs one line at a time by default, in the order of the commands', async () => {
    const { send } = shellCommands(['print=sleep 0.0$((3 - RANKD_ARGS)); cat']);
    const order: string[] = [];
    await Promise.all(
      ['1', '2', '3'].map(async argsJson => {
        await send('print', { argsJson });
        order.push(argsJson);
      }),
    );
    expect(order).toEqual(['1', '2', '3']);
  });

  it('refuses a command above the limit of those that wait', async () => {
    const { send, commands } = shellCommands(['slow=sleep 3191']);
    const sent = Array.from({ length: WAITING_MAX + 1 }, async () => send('slow'));
    const ended = Promise.allSettled(sent);
    await expect(send('slow')).rejects.toMatchObject({ code: 'TOO_MANY_OPEN' });
    await commands.close();
    await ended;
  });
});

describe('R-PROG-8 a command that is a signal', () => {
  it('signals the process of the program', async () => {
    const { send, signals } = shellCommands(['reload=signal:HUP', 'dump=signal:SIGUSR1']);
    expect(await send('reload')).toBe('undefined');
    await send('dump');
    expect(signals).toEqual(['SIGHUP', 'SIGUSR1']);
  });

  it('fails with NOT_RUNNING while the program does not run', async () => {
    const { send } = shellCommands(['reload=signal:HUP'], { isRunning: false });
    await expect(send('reload')).rejects.toMatchObject({ code: 'NOT_RUNNING' });
  });

  it('does not wait for a shell line', async () => {
    const { send, signals } = shellCommands(['slow=sleep 3201', 'reload=signal:HUP']);
    const slow = Promise.allSettled([send('slow')]);
    await send('reload');
    expect(signals).toEqual(['SIGHUP']);
    await opened[0]?.close();
    await slow;
  });
});

describe('R-PROG-8 a command without --on', () => {
  it('fails with NO_HANDLER, which names it', async () => {
    const { send } = shellCommands(['print=true']);
    await expect(send('reload')).rejects.toMatchObject({
      code: 'NO_HANDLER',
      message: 'rankctl has no --on for reload: start it with --on reload=SHELL-LINE',
    });
  });
});

describe('R-PROG-8 the option --on', () => {
  it.each([
    ['without =', ['print'], '--on "print" is not of the form NAME=SHELL-LINE or NAME=signal:HUP'],
    ['without a name', ['=true'], '--on must be'],
    ['with a name that no command has', ['a b=true'], '--on must be'],
    ['with a long name', [`${'x'.repeat(limits.wordCharsMax + 1)}=true`], '--on must be'],
    ['without a line', ['print= '], '--on print has no shell line'],
    ['with an unknown signal', ['print=signal:HOP'], '--on print: "HOP" is not a signal such as HUP or USR1'],
    ['without a signal', ['print=signal:'], '--on print: "" is not a signal'],
    ['with a name twice', ['print=true', 'print=false'], '--on has print twice'],
  ])('is a usage error %s', (_, texts, message) => {
    expect(() => parseOnOptions(texts)).toThrow(message);
  });

  it('keeps every = of the line', () => {
    expect([...parseOnOptions(['set=a=1 b=2 env'])]).toEqual([['set', { kind: 'line', line: 'a=1 b=2 env' }]]);
  });
});
