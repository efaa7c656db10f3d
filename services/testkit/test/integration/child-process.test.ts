import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, ChildProcess, stopProcess, within } from '@rankd/testkit';

const DEADLINE_MS = 10_000;
const programs: ChildProcess[] = [];

function shell(script: string): ChildProcess {
  const program = new ChildProcess('sh', ['-c', script], { ownGroup: true });
  programs.push(program);
  return program;
}

/** Resolves with the process that the shell has started, by the id that the shell printed. */
async function child(program: ChildProcess): Promise<number> {
  return Number(await program.line(line => /^\d+$/.test(line)));
}

async function untilGone(pid: number): Promise<void> {
  await eventually(DEADLINE_MS, 'its end', () => {
    try {
      process.kill(pid, 0);
      return undefined;
    } catch {
      return true;
    }
  });
}

afterEach(async () => {
  await Promise.all(programs.splice(0).map(async program => await program.dispose()));
});

describe('a program with its own process group', () => {
  it('ends together with the processes that it has started, even if it has ended before them', async () => {
    const program = shell('sleep 300 & echo $!');
    const left = await child(program);
    await eventually(DEADLINE_MS, 'the shell’s end', () => (program.child.exitCode === 0 ? true : undefined));
    expect(() => process.kill(left, 0)).not.toThrow();
    await program.dispose();
    await untilGone(left);
  });

  it('passes a signal on to the processes that it has started', async () => {
    const program = shell('sleep 300 & echo $!; wait');
    const left = await child(program);
    program.kill('SIGTERM');
    expect(await within(DEADLINE_MS, 'its end', program.exited)).toEqual({ code: null, signal: 'SIGTERM' });
    await untilGone(left);
  });

  it('can be disposed of after all of it has ended', async () => {
    const program = shell('true');
    await within(DEADLINE_MS, 'its end', program.exited);
    await expect(program.dispose()).resolves.toBeUndefined();
  });
});

it('a process is stopped when stopProcess resolves', async () => {
  const program = shell('sleep 300');
  const { pid = 0 } = program.child;
  await stopProcess(pid);
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') T ');
  program.kill();
  await program.exited;
  await expect(stopProcess(pid)).rejects.toThrow('ESRCH');
});

it('a child process keeps only the newest lines of output, up to its limit', async () => {
  const three = new ChildProcess('sh', ['-c', 'echo 1; echo 2; echo 3'], { linesMax: 3 });
  const four = new ChildProcess('sh', ['-c', 'echo 1; echo 2; echo 3; echo 4'], { linesMax: 3 });
  await Promise.all([three.exited, four.exited]);
  expect(three.lines).toEqual(['1', '2', '3']);
  expect(four.lines).toEqual(['2', '3', '4']);
});
