/** Runs programs on a pseudo-terminal. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

// The standard library of python3 has pseudo-terminals. scripts/test reports a missing python3.
const script = `
import fcntl, json, os, pty, struct, sys, termios
args, turns, (rows, columns) = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(args[0], args)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
seen = rest = ''
while True:
    try:
        data = os.read(fd, 65536).decode(errors='replace')
    except OSError:
        break
    if data == '':
        break
    seen += data
    rest += data
    if turns and turns[0][0] in rest:
        wait, typed = turns.pop(0)
        rest = rest[rest.index(wait) + len(wait):]
        os.write(fd, typed.encode())
sys.stdout.write(seen)
`;

// The program ignores SIGHUP, as one that `nohup` or `setsid` has started.
const loseScript = `
import json, os, pty, signal, subprocess, sys
args, wait = json.loads(sys.argv[1])
ours, theirs = pty.openpty()
ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
program = subprocess.Popen(args, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, preexec_fn=ignore)
os.close(theirs)
seen = b''
while wait.encode() not in seen:
    seen += os.read(ours, 65536)
os.close(ours)
errors = program.communicate()[1].decode()
print(json.dumps({'code': program.returncode, 'stderr': errors}))
`;

/** The end of a program whose terminal has disappeared. */
export interface LostTerminal {
  /** The exit code. Negative: the signal. */
  readonly code: number;
  readonly stderr: string;
}

/** Starts a program on a pseudo-terminal, which disappears when the program has printed `wait`. Resolves when the program has ended. */
export async function endWithoutTerminal(
  command: readonly string[],
  wait: string,
  { env, cwd, deadlineMs }: PseudoTerminal,
): Promise<LostTerminal> {
  const { stdout } = await exec('python3', ['-c', loseScript, JSON.stringify([command, wait])], {
    env: { TERM: 'xterm-256color', ...env },
    cwd,
    timeout: deadlineMs,
  });
  return JSON.parse(stdout) as LostTerminal;
}

/** What a program showed on a pseudo-terminal. */
export interface PseudoTerminal {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly deadlineMs: number;
  /** Its size. Default: 24 rows and 80 columns. */
  readonly size?: readonly [rows: number, columns: number];
}

/** Returns what a program shows on a pseudo-terminal. Types each line of `typed` when its prompt has appeared. */
export async function screenOf(
  command: readonly string[],
  turns: readonly (readonly [wait: string, typed: string])[],
  { env, cwd, deadlineMs, size = [24, 80] }: PseudoTerminal,
): Promise<string> {
  const { stdout } = await exec('python3', ['-c', script, JSON.stringify([command, turns, size])], {
    env: { TERM: 'xterm-256color', ...env },
    cwd,
    timeout: deadlineMs,
  });
  return stdout;
}
