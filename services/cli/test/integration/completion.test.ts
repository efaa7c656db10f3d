import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { type LaunchedServer, launchServer, repository } from '@rankd/testkit';
import { bashCandidates } from '../../src/completion/bash-candidates.js';
import { HostileServer } from './hostile-server.js';
import { screenOf } from './pseudo-terminal.js';
import { bin, DEADLINE_MS, Rankctl } from './rankctl.js';

jest.setTimeout(8 * DEADLINE_MS);

/** Names that the protocol allows. A shell that evaluates one of them would create the file `marker`. */
const names = [
  'ann',
  '$(touch${IFS}marker)',
  '`touch${IFS}marker`',
  ';touch${IFS}marker',
  '&touch${IFS}marker;',
  '|touch${IFS}marker',
  '>marker',
  '$HOME',
  '$((1+1))',
  "'it's'",
  '"quoted"',
  'back\\slash\\',
  '*',
  '[a-z]?*',
  '~',
  '~root',
  '=ls',
  '^a^b',
  '!!',
  '!touch',
  '{a,b}',
  '#comment',
  '%1',
  'host:8080',
  'user@host=1',
  'Zoë😀中',
  '(x)',
  '<(touch${IFS}marker)',
  'ls',
  '--',
  '-rf',
  '--json',
];

let server: LaunchedServer;
let url: string;
let directory: string;
const members: Membership[] = [];

beforeAll(async () => {
  server = await launchServer(repository, { RANKD_ADMIN_TOKEN: 'boss' });
  url = `rankd://127.0.0.1:${server.port}`;
  // Each member is alone in its group, so that TAB inserts its name. No member has the value of the tag as its name.
  members.push(
    ...(await Promise.all(names.map((name, at) => join(url, { group: `g${at}`, name, tags: { name: 'tagged' } })))),
  );
});
afterAll(async () => {
  await Promise.all(members.map(member => member.leave()));
  await server.childProcess.dispose();
});
beforeEach(() => {
  directory = mkdtempSync(joinPath(tmpdir(), 'rankd-completion-'));
  // A pattern would match this file.
  writeFileSync(joinPath(directory, 'found'), '');
});
afterEach(() => rmSync(directory, { recursive: true }));

const run = `'${process.execPath}' '${bin}'`;

/** How each shell is started. Its rankctl completes; every other call of it writes its arguments to a file. */
const shells = {
  bash: {
    file: 'bashrc',
    command: ['bash', '--rcfile', 'bashrc', '-i'],
    setup: `PS1='READY> '
rankctl() { if [[ $1 == completion ]]; then ${run} "$@"; else printf '%s\\0' "$@" '' >>"$NOTED"; fi; }
source <(rankctl completion bash)
`,
  },
  zsh: {
    file: '.zshrc',
    command: ['zsh', '-i'],
    setup: `PS1='READY> '
unsetopt zle_bracketed_paste prompt_sp 2>/dev/null
autoload -U compinit && compinit -u -D
rankctl() { if [[ $1 == completion ]]; then ${run} "$@"; else printf '%s\\0' "$@" '' >>"$NOTED"; fi; }
source <(rankctl completion zsh)
`,
  },
  fish: {
    file: 'init.fish',
    command: ['fish', '--no-config', '-i', '-C', 'source init.fish'],
    setup: `set -g fish_greeting
function fish_prompt; echo -n 'READY> '; end
function rankctl
  if test "$argv[1]" = completion
    ${run} $argv
  else
    printf '%s\\0' $argv '' >>$NOTED
  end
end
rankctl completion fish | source
`,
  },
} as const;

type Shell = keyof typeof shells;

/** Returns the arguments with which rankctl is called for each typed line. TAB and Enter are typed too. */
async function called(shell: Shell, lines: readonly string[], more: Record<string, string> = {}): Promise<string[][]> {
  const { file, command, setup } = shells[shell];
  const noted = joinPath(directory, 'noted');
  writeFileSync(joinPath(directory, file), setup);
  writeFileSync(noted, '');
  const turns = [...lines, 'exit\r'].map(line => ['READY> ', line] as const);
  const env = {
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    HOME: directory,
    ZDOTDIR: directory,
    RANKD_URL: url,
    NOTED: noted,
    ...more,
  };
  await screenOf(command, turns, { env, cwd: directory, deadlineMs: 3 * DEADLINE_MS });
  return readFileSync(noted, 'utf8')
    .split('\0\0')
    .slice(0, -1)
    .map(call => call.split('\0'));
}

const setGroup = { bash: 'export RANKD_GROUP=', zsh: 'export RANKD_GROUP=', fish: 'set -gx RANKD_GROUP ' } as const;

describe.each(['bash', 'zsh', 'fish'] as const)('TAB after rankctl remove in %s', shell => {
  it('inserts every name so that the line passes it unchanged, and evaluates none', async () => {
    const lines = names.flatMap((name, at) => [
      `${setGroup[shell]}g${at}\r`,
      name.startsWith('-') ? 'rankctl remove -- \t\r' : 'rankctl remove \t\r',
    ]);
    const calls = await called(shell, lines);
    // fish inserts a tilde unquoted, so such a member is offered by its id.
    const wordOf = (name: string, at: number): string | undefined =>
      shell === 'fish' && name.startsWith('~') ? members[at]?.member : name;
    expect(calls).toEqual(
      names.map((name, at) => ['remove', ...(name.startsWith('-') ? ['--'] : []), wordOf(name, at)]),
    );
    expect(existsSync(joinPath(directory, 'marker'))).toBe(false);
  });

  it('inserts the id if the name would be an option', async () => {
    const group = `g${names.indexOf('-rf')}`;
    const [call] = await called(shell, ['rankctl remove \t\r'], { RANKD_GROUP: group });
    expect(call).toEqual(['remove', members[names.indexOf('-rf')]?.member]);
  });
});

describe.each(['bash', 'zsh', 'fish'] as const)('TAB in %s', shell => {
  it('asks the server and the group of the line, before or after the verb', async () => {
    const [nowhere, group] = ['rankd://127.0.0.1:1', `g${names.indexOf('host:8080')}`];
    const calls = await called(
      shell,
      [
        `rankctl --url ${url} --group ${group} remove \t\r`,
        `rankctl remove --group=${group} --url=${url} \t\r`,
        `rankctl --group ls --json --url '${url}' remove --group "${group}" \t\r`,
        `rankctl remove --url ${nowhere} \tid\r`,
        'rankctl --group g0 rem\tid\r',
        // The second argument of a verb is no member, and no shell.
        `rankctl --url ${url} --group g0 move ann \t1\r`,
        `rankctl move --url ${url} --group g0 -- ann \t2\r`,
        `rankctl move ann --url ${url} --group g0 \t3\r`,
        // A program and its arguments.
        'rankctl run --name web -- mktem\t\r',
        'rankctl once migrate -- cat fou\t\r',
      ],
      { RANKD_URL: nowhere, RANKD_GROUP: 'none' },
    );
    expect(calls).toEqual([
      ['--url', url, '--group', group, 'remove', 'host:8080'],
      ['remove', `--group=${group}`, `--url=${url}`, 'host:8080'],
      ['--group', 'ls', '--json', '--url', url, 'remove', '--group', group, 'host:8080'],
      ['remove', '--url', nowhere, 'id'],
      ['--group', 'g0', 'remove', 'id'],
      ['--url', url, '--group', 'g0', 'move', 'ann', '1'],
      ['move', '--url', url, '--group', 'g0', '--', 'ann', '2'],
      ['move', 'ann', '--url', url, '--group', 'g0', '3'],
      ['run', '--name', 'web', '--', 'mktemp'],
      ['once', 'migrate', '--', 'cat', 'found'],
    ]);
  });

  it('keeps a name with spaces as one word', async () => {
    const other = await HostileServer.before(server.port, line => line.replace('"name":"ann"', '"name":"big  ann"'));
    const more = { RANKD_URL: `rankd://127.0.0.1:${other.port}`, RANKD_GROUP: 'g0' };
    const calls = await called(shell, ['rankctl remove \t\r', "rankctl move 'big\t\r"], more);
    other.dispose();
    expect(calls).toEqual([
      ['remove', 'big  ann'],
      ['move', 'big  ann'],
    ]);
  });
});

describe('TAB within a word in bash', () => {
  it.each([
    ["'$(to\t", '$(touch${IFS}marker)'],
    ["'`\t", '`touch${IFS}marker`'],
    ['\\;t\t', ';touch${IFS}marker'],
    ['"\'it\t', "'it's'"],
    ['"!!\t', '!!'],
    ["''\t", "'it's'"],
    ["'\t", "'it's'"],
    ['host:\t', 'host:8080'],
    ['host:80\t', 'host:8080'],
    ['user@\t', 'user@host=1'],
    ['user@host=\t', 'user@host=1'],
    ['Zo\t', 'Zoë😀中'],
    ['"back\\\\s\t', 'back\\slash\\'],
    ['{\t', '{a,b}'],
    ['~r\t', '~root'],
  ])('%j', async (typed, name) => {
    const calls = await called('bash', [`rankctl remove ${typed}\r`], { RANKD_GROUP: `g${names.indexOf(name)}` });
    expect(calls).toEqual([['remove', name]]);
    expect(existsSync(joinPath(directory, 'marker'))).toBe(false);
  });
});

it('a candidate is quoted so that bash reads it as the same word, wherever the typed part ends', () => {
  const quotes = [
    { kept: '', end: '' },
    { kept: "'", end: "'" },
    { kept: '"', end: '"' },
  ];
  const cases = names.flatMap(name => quotes.map(quote => ({ name, ...quote })));
  const words = cases.map(({ name, kept, end }) => {
    const candidate = String(bashCandidates({ kept, replaced: '' }, [name])[0]);
    // readline does the same: it doubles neither an opening nor a closing quote.
    const [isOpened, isClosed] = [candidate.startsWith(kept), candidate.endsWith(end)];
    return `${isOpened ? '' : kept}${candidate}${isClosed ? '' : end}`;
  });
  const read = execFileSync('bash', ['--norc', '-c', `printf '%s\\0' ${words.join(' ')}`], {
    cwd: directory,
    encoding: 'utf8',
  });
  expect(read.split('\0').slice(0, -1)).toEqual(cases.map(({ name }) => name));
});

describe('rankctl completion SHELL --members', () => {
  const candidates = async (group: string, ...more: string[]): Promise<string[]> => {
    const { stdout } = await new Rankctl(['completion', 'zsh', '--members=', ...more], {
      RANKD_URL: url,
      RANKD_GROUP: group,
    }).end();
    return stdout.split('\n').slice(0, -1);
  };

  it('offers ids if several members have a name, or if a name is the id of another member', async () => {
    const twins = await Promise.all(['twin', 'twin', 'ann'].map(name => join(url, { group: 'twins', name })));
    const mimic = await join(url, { group: 'twins', name: twins[2]?.member ?? '' });
    members.push(...twins, mimic);
    const [one, other] = twins.map(({ member }) => member);
    expect((await candidates('twins')).sort()).toEqual([one, other, 'ann', mimic.member].sort());
  });

  it('prints nothing if no server answers', async () => {
    const ended = await new Rankctl(['completion', 'bash', '--members='], { RANKD_URL: 'rankd://127.0.0.1:1' }).end();
    expect([ended.code, ended.stdout]).toEqual([1, '']);
  });
});
