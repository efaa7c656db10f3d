import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { FileWriter, replaceFile } from '../../../src/programs/files/replace-file.js';
import { SeatFile } from '../../../src/programs/files/seat-file.js';
import { StateFile, type StateReport } from '../../../src/programs/files/state-file.js';

const DEADLINE_MS = 20_000;
let folder = '';
const inFolder = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rankctl-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file that is replaced', () => {
  it('has the mode of the new file and leaves nothing beside it', async () => {
    writeFileSync(inFolder('a'), 'old', { mode: 0o666 });
    await replaceFile(inFolder('a'), 'new', 0o600);
    expect(readFileSync(inFolder('a'), 'utf8')).toBe('new');
    expect(statSync(inFolder('a')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('is never seen half written', async () => {
    const writer = new FileWriter(inFolder('a'), 0o600);
    const texts = ['x', 'y'].map(letter => letter.repeat(300_000));
    await writer.write(texts[0] ?? '');
    let isOver = false;
    const writing = (async () => {
      for (let count = 0; count < 100; count += 1) await writer.write(texts[count % 2] ?? '');
      isOver = true;
    })();
    let reads = 0;
    await eventually(DEADLINE_MS, 'the last write', () => {
      reads += 1;
      expect(texts).toContain(readFileSync(inFolder('a'), 'utf8'));
      return isOver ? true : undefined;
    });
    await writing;
    expect(reads).toBeGreaterThan(1);
  });

  it('is written with the newest of many texts, and then removed', async () => {
    const writer = new FileWriter(inFolder('a'), 0o600);
    await Promise.all(Array.from({ length: 1000 }, async (_, n) => writer.write(String(n))));
    expect(readFileSync(inFolder('a'), 'utf8')).toBe('999');
    await Promise.all([writer.write('last'), writer.remove()]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps its content and leaves nothing beside it if it cannot be replaced', async () => {
    mkdirSync(inFolder('a'));
    await expect(replaceFile(inFolder('a'), 'new', 0o600)).rejects.toThrow('EISDIR');
    expect(readdirSync(folder)).toEqual(['a']);
  });
});

const claim = { member: 'm1', secret: 's1', epoch: 7 };

describe('R-PROG-10 the seat file', () => {
  it('keeps the claim of the last welcome, for its user only', async () => {
    const file = await SeatFile.open(inFolder('seat'), 'web');
    expect([file.claim, file.program]).toEqual([undefined, 'ended']);
    await file.keepClaim(claim);
    await file.keepClaim({ ...claim, secret: 's2' });
    expect(statSync(inFolder('seat')).mode & 0o777).toBe(0o600);
    const next = await SeatFile.open(inFolder('seat'), 'web');
    expect([next.claim, next.program]).toEqual([{ ...claim, secret: 's2' }, 'ended']);
    expect(readdirSync(folder)).toEqual(['seat']);
  });

  it('says that the program runs until it says that it has ended', async () => {
    const file = await SeatFile.open(inFolder('seat'), 'web');
    await file.keepClaim(claim);
    await file.recordProgram('running');
    await file.keepClaim(claim);
    const crashed = await SeatFile.open(inFolder('seat'), 'web');
    expect(crashed.program).toBe('running');
    await crashed.keepClaim(claim);
    expect((await SeatFile.open(inFolder('seat'), 'web')).program).toBe('running');
    await crashed.recordProgram('ended');
    expect((await SeatFile.open(inFolder('seat'), 'web')).program).toBe('ended');
  });

  it('belongs to the process with the last welcome: another one neither changes nor removes it', async () => {
    const earlier = await SeatFile.open(inFolder('seat'), 'web');
    await earlier.keepClaim(claim);
    const later = await SeatFile.open(inFolder('seat'), 'web');
    await earlier.recordProgram('running');
    await later.keepClaim({ ...claim, secret: 's2' });
    // The program of the earlier process may run still.
    expect(later.program).toBe('running');
    const content = readFileSync(inFolder('seat'), 'utf8');
    await expect(earlier.recordProgram('ended')).rejects.toMatchObject({
      code: 1,
      message: expect.stringContaining('another process'),
    });
    await earlier.remove();
    expect(readFileSync(inFolder('seat'), 'utf8')).toBe(content);
    await later.remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is removed when the member has left, and leaves nothing if there was no seat', async () => {
    const file = await SeatFile.open(inFolder('seat'), 'web');
    await file.recordProgram('running');
    expect(readdirSync(folder)).toEqual([]);
    await file.keepClaim(claim);
    await file.remove();
    await file.recordProgram('ended');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('makes a file that others could read private', async () => {
    const file = await SeatFile.open(inFolder('seat'), 'web');
    await file.keepClaim(claim);
    writeFileSync(inFolder('shared'), readFileSync(inFolder('seat')), { mode: 0o666 });
    await SeatFile.open(inFolder('shared'), 'web');
    expect(statSync(inFolder('shared')).mode & 0o777).toBe(0o600);
  });

  it('may be empty before the first start', async () => {
    writeFileSync(inFolder('seat'), '');
    expect((await SeatFile.open(inFolder('seat'), 'web')).claim).toBeUndefined();
  });

  it.each([
    [
      'of another group',
      `{"group":"db","claim":{"member":"m","secret":"s"},"program":"ended"}`,
      'has a seat of group "db", not of "web"',
    ],
    ['that is another file', 'root:x:0:0', 'is not a seat file of rankctl'],
    ['that is other JSON', '{"group":"web"}', 'is not a seat file of rankctl'],
    ['that is null', 'null', 'is not a seat file of rankctl'],
    [
      'with a secret that no server gives',
      `{"group":"web","claim":{"member":"m","secret":"${'s'.repeat(257)}"},"program":"ended"}`,
      'is not a seat file',
    ],
    ['that is large', 'x'.repeat(5000), 'is not a seat file of rankctl'],
  ])('is refused and unchanged: a file %s', async (_, content, message) => {
    writeFileSync(inFolder('seat'), content);
    const error = await SeatFile.open(inFolder('seat'), 'web').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ProgramEnd', code: 78 });
    expect(String(error)).toContain(message);
    expect(readFileSync(inFolder('seat'), 'utf8')).toBe(content);
    expect(String(error)).not.toContain('\n');
  });

  it.each([
    ['a folder', '.', 'is a folder: name a file'],
    ['in a folder that does not exist', 'none/seat', 'cannot be written (ENOENT: its folder does not exist)'],
    ['below a file', 'file/seat', 'ENOTDIR'],
    ['a device', 'null', 'is a device, a pipe or a socket: name a file'],
  ])('is refused: %s', async (_, name, message) => {
    writeFileSync(inFolder('file'), '');
    symlinkSync('/dev/null', inFolder('null'));
    await expect(SeatFile.open(inFolder(name), 'web')).rejects.toThrow(message);
    const ports = { read: () => state(1000), onFailure: () => undefined };
    await expect(StateFile.open(inFolder(name), ports)).rejects.toThrow(message);
  });
});

function state(validUntil: number | null): StateReport {
  const [rank, fence] = validUntil === null ? [null, null] : [0, { epoch: 7, view: 1 }];
  const leader = { member: 'm1', name: 'ann' };
  const leads = rank === 0;
  return {
    ...{ group: 'web', member: 'm1', name: 'ann', rank, size: 1, slot: 0, leads, suspended: !leads, leader, fence },
    ...{ view: 1, epoch: 7, validUntil },
  };
}

describe('R-PROG-3 the state file', () => {
  const read = (): unknown => JSON.parse(readFileSync(inFolder('state'), 'utf8'));

  it('is one line of JSON, replaced with every change, and removed at the end', async () => {
    let current = state(1000);
    const file = await StateFile.open(inFolder('state'), { read: () => current, onFailure: fail });
    expect(readFileSync(inFolder('state'), 'utf8')).toMatch(/^\{.*\}\n$/);
    expect(read()).toEqual(current);
    current = state(null);
    file.update();
    await eventually(DEADLINE_MS, 'the change', () => ((read() as StateReport).rank === null ? true : undefined));
    await file.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('follows the lease', async () => {
    let current = state(1000);
    const file = await StateFile.open(inFolder('state'), { read: () => current, onFailure: fail });
    current = state(2500);
    file.update();
    await eventually(DEADLINE_MS, 'the lease', () => ((read() as StateReport).validUntil === 2500 ? true : undefined));
    await file.close();
  });

  it('reports the first write that fails, and writes again when it can', async () => {
    let current = state(1000);
    const failures: string[] = [];
    const onFailure = ({ message }: Error): number => failures.push(message);
    const file = await StateFile.open(inFolder('state'), { read: () => current, onFailure });
    rmSync(folder, { recursive: true });
    for (const validUntil of [2000, 3000, 4000]) {
      current = state(validUntil);
      file.update();
    }
    await eventually(DEADLINE_MS, 'a failure', () => failures[0]);
    mkdirSync(folder);
    await eventually(DEADLINE_MS, 'the file', () => {
      file.update();
      return readdirSync(folder).includes('state') ? true : undefined;
    });
    expect(failures).toEqual([
      `--state-file ${JSON.stringify(inFolder('state'))} cannot be written (ENOENT: its folder does not exist)`,
    ]);
    await file.close();
  });
});

function fail(error: Error): never {
  throw error;
}
