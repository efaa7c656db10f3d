import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

// python3 has a pseudo-terminal in its library; scripts/test says so where there is none.
const script = `
import fcntl, json, os, pty, struct, sys, termios
args, turns = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(args[0], args)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
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

export interface PseudoTerminal {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly deadlineMs: number;
}

/** Returns what a program shows on a pseudo-terminal of 80 columns, while `typed` is typed, a line once its turn has come. */
export async function screenOf(
  command: readonly string[],
  turns: readonly (readonly [wait: string, typed: string])[],
  { env, cwd, deadlineMs }: PseudoTerminal,
): Promise<string> {
  const { stdout } = await exec('python3', ['-c', script, JSON.stringify([command, turns])], {
    env: { TERM: 'xterm-256color', ...env },
    cwd,
    timeout: deadlineMs,
  });
  return stdout;
}
