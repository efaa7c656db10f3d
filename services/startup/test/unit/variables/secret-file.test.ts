import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { settings } from '../../../src/index.js';
import { SECRET_FILE_BYTES_MAX } from '../../../src/variables/readable-file.js';
import { readSecretFile, type TextOrFault } from '../../../src/variables/secret-file.js';

let directory: string;
const field = settings.secret('a secret');
const at = (name: string): string => join(directory, name);
const read = (path: string): TextOrFault => readSecretFile('X_FILE', path, field);

function readContent(content: string | Buffer): TextOrFault {
  writeFileSync(at('content'), content);
  return read(at('content'));
}

function faultOf(path: string): string {
  const answer = read(path);
  return answer.kind === 'fault' ? answer.fault : '';
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rankd-secret-'));
  chmodSync(directory, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('the content', () => {
  it.each(['abc', 'abc\n', 'abc\r\n', ' abc\t\n\n', '\uFEFFabc\r\n'])('%j is abc', content => {
    expect(readContent(content)).toEqual({ kind: 'text', text: 'abc' });
  });

  it.each([
    ['', 'empty'],
    [' \r\n', 'empty'],
    ['\uFEFF', 'empty'],
    ['S3CRET\nS3CRET\n', 'has several lines'],
    ['S3CRET\r\nS3CRET', 'has several lines'],
    ['"S3CRET"\n', 'has quotes around its value'],
    [Buffer.from('\uFEFFS3CRET', 'utf16le'), 'is not text in UTF-8'],
  ])('%j is a fault that names the file and no secret', (content, told) => {
    const answer = readContent(content);
    expect(answer).toEqual({ kind: 'fault', fault: expect.stringContaining(told) });
    expect(JSON.stringify(answer)).toContain(at('content'));
    expect(JSON.stringify(answer)).not.toMatch(/S\W*3\W*C/);
  });

  it('may be SECRET_FILE_BYTES_MAX bytes long, and not one more', () => {
    expect(readContent('a'.repeat(SECRET_FILE_BYTES_MAX))).toMatchObject({ kind: 'text' });
    expect(readContent('a'.repeat(SECRET_FILE_BYTES_MAX + 1))).toMatchObject({
      fault: expect.stringContaining(`it is larger than ${SECRET_FILE_BYTES_MAX} bytes`),
    });
    expect(faultOf('/dev/zero')).toContain('it is larger than');
  });

  it('may come from a pipe', () => {
    execFileSync('mkfifo', [at('pipe')]);
    // The writer waits until the pipe is opened for reading.
    spawn('sh', ['-c', `printf 'abc\\n' > '${at('pipe')}'`], { stdio: 'ignore' });
    expect(read(at('pipe'))).toEqual({ kind: 'text', text: 'abc' });
  });
});

describe('a file that cannot be read', () => {
  it('may not exist', () => {
    expect(faultOf(at('nowhere'))).toBe(
      `X_FILE names a file that cannot be read: ${at('nowhere')} (ENOENT: there is no such file)`,
    );
    expect(faultOf('nowhere')).toContain(`its full path is ${join(process.cwd(), 'nowhere')}`);
  });

  it('may be a directory, below a file, or a circle of links', () => {
    writeFileSync(at('file'), 'abc');
    symlinkSync('circle', at('circle'));
    expect(faultOf(directory)).toContain('EISDIR: it is a directory');
    expect(faultOf(at('file/below'))).toContain('ENOTDIR: ');
    expect(faultOf(at('circle'))).toContain('ELOOP: too many symbolic links');
  });

  it('has a path that ends with a carriage return', () => {
    expect(faultOf(`${at('file')}\r`)).toContain('X_FILE ends with a carriage return');
  });

  it('may be forbidden: the fault has the uid, the owner and the mode', () => {
    writeFileSync(at('forbidden'), 'abc');
    chmodSync(at('forbidden'), 0);
    asAnother(uid => {
      expect(faultOf(at('forbidden'))).toBe(
        `X_FILE names a file that cannot be read: ${at('forbidden')} (EACCES: this process runs as uid ${uid}, the file belongs to uid ${process.getuid?.()} and gid ${process.getgid?.()} with mode 0000)`,
      );
    });
  });

  it('may be in a forbidden directory', () => {
    mkdirSync(at('closed'));
    writeFileSync(at('closed/secret'), 'abc');
    chmodSync(at('closed'), 0);
    asAnother(() => {
      expect(faultOf(at('closed/secret'))).toMatch(
        /the directory \S+closed belongs to uid \d+ and gid \d+ with mode 0000/,
      );
    });
    chmodSync(at('closed'), 0o755);
  });
});

/** Calls `act` as a user whom modes stop. They do not stop root. */
function asAnother(act: (uid: number) => void): void {
  const own = process.geteuid?.() ?? 0;
  if (own !== 0) return act(own);
  process.seteuid?.(65_534);
  try {
    act(65_534);
  } finally {
    process.seteuid?.(own);
  }
}
