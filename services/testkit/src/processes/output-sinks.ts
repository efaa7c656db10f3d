/** The standard output of a process under test, controlled by the test. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The standard output of a process under test. The test decides when the output is read. */
export interface OutputSink {
  /** The standard output for spawn(). */
  readonly stdout: number | 'pipe';
  /** Must be called with the process after spawn(). */
  readonly attach: (child: ChildProcess) => void;
  /** Starts to read: the sink accepts output from now on. */
  readonly release: () => void;
  /** Returns the lines since `release`. The last line may be incomplete. */
  readonly lines: () => string[];
  readonly dispose: () => void;
}

/** Returns a pipe that no process reads before `release`. */
export function unreadPipe(): OutputSink {
  const { reader, descriptor, directory } = pipe();
  const reading = new PolledReader(reader);
  return {
    stdout: descriptor,
    attach: () => undefined,
    release: () => reading.start(),
    lines: () => reading.lines,
    dispose: () => {
      reading.stop();
      closeSync(reader);
      closeSync(descriptor);
      rmSync(directory, { recursive: true });
    },
  };
}

/** Returns a pipe whose reader has closed it. */
export function brokenPipe(): OutputSink {
  const { reader, descriptor, directory } = pipe();
  closeSync(reader);
  rmSync(directory, { recursive: true });
  return endlessly(descriptor);
}

/** Returns a socket whose reader has closed it. */
export function brokenSocket(): OutputSink {
  return {
    stdout: 'pipe',
    attach: child => child.stdout?.destroy(),
    release: () => undefined,
    lines: () => [],
    dispose: () => undefined,
  };
}

/** Returns a full device: every write fails with ENOSPC. */
export function fullDevice(): OutputSink {
  const descriptor = openSync('/dev/full', constants.O_WRONLY);
  return endlessly(descriptor);
}

function endlessly(descriptor: number): OutputSink {
  return {
    stdout: descriptor,
    attach: () => undefined,
    release: () => undefined,
    lines: () => [],
    dispose: () => closeSync(descriptor),
  };
}

/**
 * Returns a socket that no process reads before `release`. Node gives its children such sockets. The journal gives them to a
 * service.
 */
export function unreadSocket(): OutputSink {
  let output: Readable | null = null;
  const lines: string[] = [];
  return {
    stdout: 'pipe',
    attach: child => (output = child.stdout),
    release: () => {
      if (output !== null) createInterface({ input: output }).on('line', line => lines.push(line));
    },
    lines: () => lines,
    dispose: () => output?.destroy(),
  };
}

const FILE_BYTES_MAX = 65_536;

/** Returns a file that is limited to 64 KiB before `release`. A write past the limit is cut off at the limit, and later writes fail. */
export function boundedFile(): OutputSink {
  const directory = mkdtempSync(join(tmpdir(), 'rankd-file-'));
  const path = join(directory, 'log');
  const descriptor = openSync(path, 'a');
  let pid: number | undefined;
  const limit = (size: string): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${size}:unlimited`]);
  };
  return {
    stdout: descriptor,
    attach: child => {
      pid = child.pid;
      limit(String(FILE_BYTES_MAX));
    },
    release: () => limit('unlimited'),
    lines: () => linesIn(readFileSync(path, 'latin1')),
    dispose: () => {
      closeSync(descriptor);
      rmSync(directory, { recursive: true });
    },
  };
}

/** Returns a terminal after Ctrl-S. `release` types Ctrl-Q. Needs python3. */
export async function stoppedTerminal(): Promise<OutputSink> {
  const python = spawn('python3', ['-u', '-c', terminalProgram], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const path = await firstLine(python, line => lines.push(line));
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_NOCTTY);
  return {
    stdout: descriptor,
    attach: () => undefined,
    release: () => python.stdin.write('\x11\n'),
    lines: () => lines,
    dispose: () => {
      closeSync(descriptor);
      python.kill('SIGKILL');
    },
  };
}

/** A program with a pseudo-terminal. It writes its standard input to the terminal, and copies the terminal's output to standard output. */
const terminalProgram = `
import os, pty, sys, threading
master, slave = pty.openpty()
os.write(master, b'\\x13')
print(os.ttyname(slave))
def show():
    while True:
        os.write(1, os.read(master, 65536))
threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    os.write(master, line.strip('\\n').encode())
`;

async function firstLine(child: ChildProcess, rest: (line: string) => void): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error('standard output is not a pipe');
  const lines = createInterface({ input: stdout });
  const [first] = (await once(lines, 'line')) as [string];
  lines.on('line', rest);
  return first;
}

/** Makes a pipe. Writing to it blocks, as for a shell's pipe. */
function pipe(): { readonly reader: number; readonly descriptor: number; readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'rankd-pipe-'));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, descriptor: openSync(path, constants.O_WRONLY), directory };
}

const POLL_MS = 5;

/** Reads a non-blocking descriptor. */
class PolledReader {
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(65_536);
  #text = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  get lines(): string[] {
    return linesIn(this.#text);
  }

  start(): void {
    this.#timer = setInterval(() => this.#readAll(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #readAll(): void {
    try {
      for (let count = this.#read(); count > 0; count = this.#read()) {
        this.#text += this.#buffer.toString('latin1', 0, count);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  #read(): number {
    return readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, null);
  }
}

function linesIn(text: string): string[] {
  return text.split('\n').filter(line => line !== '');
}
