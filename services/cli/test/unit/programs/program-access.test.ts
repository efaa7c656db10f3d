import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProgramAccess, type AccessedProgram } from '../../../src/programs/session/program-access.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rankctl-access-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const errors: string[] = [];
const log = {
  info: () => undefined,
  error: (_: string, sentence: string) => errors.push(sentence),
  memberLogger: undefined,
};

async function open(): Promise<ProgramAccess> {
  errors.length = 0;
  const seatFile = join(folder, 'seats', 'seat');
  mkdirSync(join(folder, 'seats'), { recursive: true });
  const options = { http: undefined, stateFile: undefined, seatFile, leavesOnSignal: false, commands: undefined };
  return await ProgramAccess.open({
    ...{ options, group: 'web', line: { words: ['true'], env: {} } },
    log: log as never,
  });
}

const claim = { member: 'm1', secret: 's1' };

describe('R-PROG-10 the start of a program whose seat is in a file', () => {
  it('is recorded before the program starts', async () => {
    const access = await open();
    await access.joinOptions.keepClaim?.(claim);
    await access.recordStart();
    expect(readFileSync(join(folder, 'seats', 'seat'), 'utf8')).toContain('"program":"running"');
  });

  it('does not happen if the file cannot be written and not be removed', async () => {
    const access = await open();
    await access.joinOptions.keepClaim?.(claim);
    // A folder in place of the folder of the file: neither a write nor a removal can succeed, also as root.
    renameSync(join(folder, 'seats'), join(folder, 'moved'));
    mkdirSync(join(folder, 'seats', 'seat', 'full'), { recursive: true });
    await expect(access.recordStart()).rejects.toMatchObject({ name: 'ProgramEnd', code: 78 });
    expect(errors[0]).toMatch(/--seat-file .* cannot be written/);
  });

  it('happens without the file if only its removal succeeds', async () => {
    const access = await open();
    await access.joinOptions.keepClaim?.(claim);
    rmSync(join(folder, 'seats'), { recursive: true });
    await access.recordStart();
    expect(errors).toHaveLength(1);
    expect(existsSync(join(folder, 'seats', 'seat'))).toBe(false);
  });
});

describe('R-PROG-1 the variables of a program without --http', () => {
  it('have no key of an outer rankctl', async () => {
    const access = await open();
    expect(access.variablesForStart()).toEqual({ RANKD_HTTP: undefined, RANKD_HTTP_KEY: undefined });
  });
});

describe('R-PROG-10 the hold before the program of a leader', () => {
  it.each([
    ['resumed, and a program may run', true, 'running', 900],
    ['resumed, and no program runs', true, 'ended', 0],
    ['joined with a new seat', false, 'running', 0],
  ] as const)('is suspendMs if the member has %s', async (_, resumed, program, atLeastMs) => {
    const earlier = await open();
    await earlier.joinOptions.keepClaim?.(claim);
    await earlier.recordStart();
    const path = join(folder, 'seats', 'seat');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"running"', JSON.stringify(program)));
    const access = await open();
    const me = Object.assign(new EventEmitter(), { server: { suspendMs: 1000 } });
    access.attach({ me, runner: new EventEmitter(), guards: {}, leads: () => false } as unknown as AccessedProgram);
    await access.joinOptions.keepClaim?.({ ...claim, secret: 's2' });
    me.emit('joined', { resumed });
    expect(access.startHoldMs).toBeGreaterThanOrEqual(atLeastMs);
    expect(access.startHoldMs).toBeLessThanOrEqual(atLeastMs === 0 ? 0 : 1000);
  });
});
