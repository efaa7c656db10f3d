import { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Dial, Membership, ServerAddress } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { codeOf, DEADLINE_MS, timedIt } from '../fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: FleetServer;

beforeAll(async () => {
  server = await fleet.server(TIMINGS.quick);
});
afterAll(() => fleet.dispose());

describe('dial', () => {
  it('opens the connection instead of TCP, and receives the address', async () => {
    const asked: ServerAddress[] = [];
    const member = await fleet.join(server.port, {
      group: fleet.newGroup(),
      dial: async address => {
        asked.push(address);
        return Promise.resolve(fleet.dial(address));
      },
    });
    expect([member.rank, asked]).toEqual([0, [{ host: '127.0.0.1', port: server.port, transport: 'tcp' }]]);
    await member.leave();
  });

  it('may return any duplex stream, without a promise', async () => {
    const member = await fleet.join(server.port, {
      group: fleet.newGroup(),
      dial: () => {
        const socket = fleet.openSocket(server.port);
        return Duplex.from({ readable: socket, writable: socket });
      },
    });
    expect(member.rank).toBe(0);
    await member.leave();
  });

  it('is CONNECT_FAILED with its reason if it fails, and is called again', async () => {
    let attempts = 0;
    const dial = (): Duplex => {
      attempts += 1;
      throw new Error('no tunnel');
    };
    const joining = fleet.join(server.port, { dial, joinWithinMs: 1000 });
    await expect(joining).rejects.toMatchObject({
      ...codeOf('CONNECT_FAILED'),
      message: expect.stringContaining('no tunnel'),
    });
    expect(attempts).toBeGreaterThan(1);
  });

  it('is abandoned if it never ends; a stream that it opens later is closed', async () => {
    let bring: (socket: Duplex) => void = () => undefined;
    const brought = new Promise<Duplex>(resolve => (bring = resolve));
    const joining = fleet.join(server.port, { dial: () => brought, joinWithinMs: 100 });
    await expect(joining).rejects.toMatchObject(codeOf('CONNECT_FAILED'));
    const late = fleet.openSocket(server.port);
    bring(late);
    await fleet.time.eventually(DEADLINE_MS, 'the socket to be closed', () => (late.destroyed ? true : undefined));
  });
});

describe('the signal of dial', () => {
  const joinWithSignal = async (): Promise<{ member: Membership; signals: AbortSignal[] }> => {
    const signals: AbortSignal[] = [];
    const dial: Dial = (address, { signal }) => {
      signals.push(signal);
      return fleet.dial(address);
    };
    return { member: await fleet.join(server.port, { group: fleet.newGroup(), dial }), signals };
  };

  it('is not aborted after the connection has opened: not after 5 s, and not when the membership closes', async () => {
    const { member, signals } = await joinWithSignal();
    await fleet.time.pass(20_000);
    await member.leave();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('is aborted when the attempt has taken 5 s', async () => {
    const signals: AbortSignal[] = [];
    const dial: Dial = async (_, { signal }) => {
      signals.push(signal);
      return new Promise<Duplex>(() => undefined);
    };
    const joining = fleet.join(server.port, { dial, joinWithinMs: 20_000 });
    await expect(joining).rejects.toMatchObject(codeOf('CONNECT_FAILED'));
    expect(signals.length).toBeGreaterThan(1);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('is aborted when the membership closes during the attempt', async () => {
    const stopping = new AbortController();
    const signals: AbortSignal[] = [];
    const dial: Dial = async (_, { signal }) => {
      signals.push(signal);
      stopping.abort();
      return new Promise<Duplex>(() => undefined);
    };
    const joining = fleet.join(server.port, { dial, signal: stopping.signal });
    await expect(joining).rejects.toMatchObject(codeOf('ABORTED'));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('logger', () => {
  it('receives a line every few seconds while no server answers, and the error has all attempts', async () => {
    const times: number[] = [];
    const reasons: string[] = [];
    const record = ({ event }: Readonly<Record<string, unknown>>, message: string): void => {
      if (event !== 'disconnected') return;
      times.push(fleet.time.nowMs());
      reasons.push(message);
    };
    const logger = { debug: record, info: record, warn: record, error: record };
    const startedAtMs = fleet.time.nowMs();
    const joining = fleet.joinAt('rankd://127.0.0.1:1', { logger, joinWithinMs: 120_000 });
    await expect(joining).rejects.toMatchObject({
      ...codeOf('CONNECT_FAILED'),
      mistake: 'PORT_CLOSED',
      message: expect.stringMatching(/127\.0\.0\.1:1.*; gave up after \d+ attempts in 1\d\d s$/),
    });
    const gaps = times.map((ms, index) => ms - (times[index - 1] ?? startedAtMs));
    expect(Math.max(...gaps)).toBeLessThan(10_000);
    expect(times.length).toBeGreaterThan(10);
    expect(reasons.every(reason => reason.includes('127.0.0.1:1'))).toBe(true);
  });

  it('receives the events of the member with stable names and no payloads', async () => {
    const lines: { readonly level: string; readonly event: unknown; readonly message: string }[] = [];
    const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
      void lines.push({ level, event: fields['event'], message });
    const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const group = fleet.newGroup();
    const ann = await fleet.join(server.port, { group, name: 'ann' });
    const bob = await fleet.join(server.port, {
      group,
      name: 'bob',
      logger,
      prepare: me => void me.handle('x', () => 1),
    });
    await ann.command('x', 'a payload');
    bob.partitions(1, {
      acquire: () => {
        throw new Error('no disk');
      },
    });
    await ann.leave();
    await fleet.time.eventually(DEADLINE_MS, 'the failure', () =>
      lines.some(({ level }) => level === 'error') ? true : undefined,
    );
    await bob.leave();
    expect([...new Set(lines.map(({ level, event }) => `${level} ${String(event)}`))]).toEqual(
      expect.arrayContaining([
        'info connecting',
        'info joined',
        'info command.executed',
        'info promoted',
        'debug partitions.changed',
        'error partition.failed',
      ]),
    );
    expect(JSON.stringify(lines)).not.toContain('a payload');
  });
});
