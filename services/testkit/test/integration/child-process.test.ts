import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, ChildProcess, within } from '@rankd/testkit';

const DEADLINE_MS = 10_000;
const programs: ChildProcess[] = [];

function shell(script: string): ChildProcess {
  const program = new ChildProcess('sh', ['-c', script], { ownGroup: true });
  programs.push(program);
  return program;
}

/** The process that the shell has left behind, by the id that it said. */
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

describe('a program in a process group of its own', () => {
  it('is ended with what it has started, also where it has ended first', async () => {
    const program = shell('sleep 300 & echo $!');
    const left = await child(program);
    await eventually(DEADLINE_MS, 'the shell’s end', () => (program.child.exitCode === 0 ? true : undefined));
    expect(() => process.kill(left, 0)).not.toThrow();
    await program.dispose();
    await untilGone(left);
  });

  it('passes a signal on to what it has started', async () => {
    const program = shell('sleep 300 & echo $!; wait');
    const left = await child(program);
    program.kill('SIGTERM');
    expect(await within(DEADLINE_MS, 'its end', program.exited)).toEqual({ code: null, signal: 'SIGTERM' });
    await untilGone(left);
  });

  it('that has ended whole is disposed of without a fault', async () => {
    const program = shell('true');
    await within(DEADLINE_MS, 'its end', program.exited);
    await expect(program.dispose()).resolves.toBeUndefined();
  });
});

it('keeps the newest lines of output, as many as it may', async () => {
  const three = new ChildProcess('sh', ['-c', 'echo 1; echo 2; echo 3'], { linesMax: 3 });
  const four = new ChildProcess('sh', ['-c', 'echo 1; echo 2; echo 3; echo 4'], { linesMax: 3 });
  await Promise.all([three.exited, four.exited]);
  expect(three.lines).toEqual(['1', '2', '3']);
  expect(four.lines).toEqual(['2', '3', '4']);
});
