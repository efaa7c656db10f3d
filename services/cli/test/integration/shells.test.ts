import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { observe } from '@rankd/client/observer';
import { type LaunchedServer, launchServer, repository, within } from '@rankd/testkit';
import { verbs } from '../verbs.js';
import { endWithoutTerminal, screenOf } from './pseudo-terminal.js';
import { bin, DEADLINE_MS, Rankctl } from './rankctl.js';

jest.setTimeout(4 * DEADLINE_MS);

const exec = promisify(execFile);
let server: LaunchedServer;
let member: Membership;
let env: Record<string, string>;

beforeAll(async () => {
  server = await launchServer(repository, {});
  const url = `rankd://127.0.0.1:${server.port}`;
  env = { RANKD_URL: url, PATH: process.env['PATH'] ?? '', RANKCTL: `"${process.execPath}" "${bin}"` };
  member = await join(url, { name: 'ann' });
});
afterAll(async () => {
  await member.leave();
  await server.childProcess.dispose();
});

async function bash(script: string): Promise<string> {
  const prelude = 'rankctl() { eval "$RANKCTL" \'"$@"\'; }\n';
  const { stdout } = await exec('bash', ['--norc', '-c', prelude + script], {
    env,
    cwd: tmpdir(),
    timeout: DEADLINE_MS,
  });
  return stdout.trim();
}

describe('in a pipe', () => {
  it('head ends it without an error', async () => {
    expect(await bash('rankctl ls 2>&1 | head -1; echo "${PIPESTATUS[0]}"')).toBe(
      'group default · 1 member · view 1\n0',
    );
  });
});

describe('standard output that fails', () => {
  const SENTENCE =
    'rankctl: cannot write to standard output: no space left on device (ENOSPC); redirect it to another file';

  it.each([
    'ls',
    'ls --json',
    'ls --watch',
    'ls --watch --json',
    'why',
    'wait --members 0',
    'attach --name bob',
    'attach --json --name bob',
    'completion bash',
    'completion zsh --json',
    '--help',
    'help ls',
    '--version',
  ])('rankctl %s exits with 1 and prints one sentence', async args => {
    expect(await bash(`rankctl ${args} 2>&1 >/dev/full </dev/null; echo "$?"`)).toBe(`${SENTENCE}\n1`);
  });

  it('attach leaves, though its input is still open', async () => {
    const full = openSync('/dev/full', 'w');
    const attach = spawn(process.execPath, [bin, 'attach', '--name', 'eve'], {
      env,
      cwd: tmpdir(),
      stdio: ['pipe', full, 'pipe'],
    });
    closeSync(full);
    let said = '';
    attach.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await within(DEADLINE_MS, 'the end of attach', once(attach, 'close'))) as [number | null];
    expect([code, said]).toEqual([1, `${SENTENCE}\n`]);
  });

  it('a failing standard error does not change the exit code', async () => {
    expect(await bash('rankctl nonsense 2>/dev/full; echo "$?"; rankctl ls >/dev/full 2>/dev/full; echo "$?"')).toBe(
      '2\n1',
    );
  });

  it('a file that accepts only the beginning is a failure', async () => {
    const limited = 'file=$(mktemp); (ulimit -f 1; rankctl --help >"$file" 2>"$file.err"; echo "$?"); wc -c <"$file"';
    expect(await bash(`${limited}; cat "$file.err"; rm "$file" "$file.err"`)).toBe(
      '1\n1024\nrankctl: cannot write to standard output: file too large (EFBIG); redirect it to another file',
    );
  });

  it.each(['--help', 'ls', 'ls --watch', 'attach --name bob', 'completion bash'])(
    'rankctl %s prints no error if its reader has closed the output',
    async args => {
      const script = `{ rankctl ${args} 3>&1 1>&2 2>&3 </dev/null; echo "code $?"; } 2> >(true)`;
      expect(await bash(`${script}; wait`)).toBe('code 0');
    },
  );
});

describe('completion', () => {
  /** Returns what bash offers for a line whose last word is being typed. */
  const offered = async (...words: string[]): Promise<string[]> => {
    const quoted = words.map(word => `'${word}'`).join(' ');
    const asked = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _rankctl; echo "\${COMPREPLY[*]}"`;
    return (await bash(`source <(rankctl completion bash)\n${asked}`)).split(' ');
  };

  it('completes verbs, options, shells and names of members in bash', async () => {
    expect(await offered('rankctl', 'w')).toEqual(['why', 'wait']);
    expect(await offered('rankctl', '')).toEqual([...verbs, 'help']);
    expect(await offered('rankctl', '--json', 'ls', '--w')).toEqual(['--watch']);
    expect(await offered('rankctl', 'completion', 'f')).toEqual(['fish']);
    expect(await offered('rankctl', 'move', '')).toEqual(['ann']);
  });

  it.each(['zsh', 'fish'])('%s accepts its script', async shell => {
    const { code, stdout } = await new Rankctl(['completion', shell]).end();
    expect([code, stdout]).toEqual([0, expect.stringContaining('rankctl')]);
    const directory = mkdtempSync(joinPath(tmpdir(), 'rankd-script-'));
    const file = joinPath(directory, `rankctl.${shell}`);
    writeFileSync(file, stdout);
    const parsed = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    rmSync(directory, { recursive: true });
    expect(parsed).toMatchObject({ status: 0, stderr: '' });
  });

  it('rejects another shell', async () => {
    const { code, stderr } = await new Rankctl(['completion', 'csh']).end();
    expect([code, stderr]).toEqual([2, 'rankctl: no completion for "csh": use one of bash, zsh, fish\n']);
    const told = await new Rankctl(['completion', 'fish', '--json']).end();
    expect(JSON.parse(told.stdout)).toMatchObject({ shell: 'fish' });
  });
});

describe('on a terminal', () => {
  const screen = async (
    args: readonly string[],
    turns: readonly (readonly [wait: string, typed: string])[],
    more = {},
    size: readonly [number, number] = [24, 80],
  ): Promise<string> =>
    await screenOf([process.execPath, bin, ...args], turns, {
      env: { ...env, ...more },
      cwd: tmpdir(),
      deadlineMs: DEADLINE_MS,
      size,
    });

  it('has colours, except with NO_COLOR', async () => {
    expect(await screen(['ls'], [])).toContain('\x1b[32m0 *');
    expect(await screen(['ls'], [], { NO_COLOR: '1' })).not.toContain('\x1b');
  });

  it('redraws a watched roster until Ctrl-C', async () => {
    const shown = await screen(['ls', '--watch'], [['\x1b[3A\x1b[J', '\x03']]);
    expect(shown.match(/1 member/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it('of size 0 shows the roster, and redraws it', async () => {
    expect(await screen(['ls'], [], {}, [0, 0])).toContain('\x1b[32m127.0.0.1:');
    const shown = await screen(['ls', '--watch'], [['\x1b[3A\x1b[J', '\x03']], {}, [0, 0]);
    expect(shown.match(/1 member/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it('of ten columns is redrawn from the first row of a title that takes several', async () => {
    const shown = await screen(['ls', '--watch'], [['\x1b[6A\x1b[J', '\x03']], { NO_COLOR: '1' }, [24, 10]);
    // The title has 34 columns: four rows, and one for each of the two lines of the table.
    expect(shown).toContain('\x1b[6A\x1b[Jgroup default');
  });

  it('prints a failure once', async () => {
    expect(await screen(['send', 'none', '--json'], [], { RANKD_ADMIN_TOKEN: 'wrong' })).toMatch(
      /^\{"error":\{"code":"FORBIDDEN","message":"[^"]*"\}\}\r\n$/,
    );
  });

  it('keeps the typed line below new lines', async () => {
    const shown = await screen(
      ['attach', '--name', 'me'],
      [
        ['> ', '/help\r'],
        ['/quit    leaves', '\x04'],
      ],
    );
    expect(shown).toMatch(/joined as .*me, rank 1 of 2[^]*NAME \[JSON\] \[--to below\|all\|RANKS\]/);
  });
});

describe('after its terminal has disappeared', () => {
  const end = async (args: readonly string[], wait: string): Promise<unknown> =>
    endWithoutTerminal([process.execPath, bin, ...args], wait, { env, cwd: tmpdir(), deadlineMs: DEADLINE_MS });

  it('attach leaves and exits with 0, as at the end of its input', async () => {
    const observer = await observe(env['RANKD_URL'] ?? '');
    try {
      expect(await end(['attach', '--name', 'eve'], '\x1b[3G')).toEqual({ code: 0, stderr: '' });
      const { changes } = await observer.history(1);
      expect(changes[0]?.cause).toMatchObject({ kind: 'left', name: 'eve', reason: 'LEFT' });
    } finally {
      observer.close();
    }
  });

  it('run ends as its program ends, and ls --watch with one sentence', async () => {
    const line = ['sh', '-c', 'echo joined; sleep 0.3; exit 7'];
    expect(await end(['run', '--quiet', '--group', 'lost', '--', ...line], 'joined')).toEqual({ code: 7, stderr: '' });
    expect(await end(['ls', '--watch'], 'ann')).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^rankctl: cannot write to standard output: .*\(EIO\).*\n$/),
    });
  });
});
