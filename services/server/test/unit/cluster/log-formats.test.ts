import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { FormatRaise } from '../../../src/cluster/formats/format-raise.js';
import { formatOne } from '../../../src/cluster/formats/format-one.js';
import { formatTwo } from '../../../src/cluster/formats/format-two.js';
import { type LogFormat, logFormats, timekeeperOf } from '../../../src/cluster/formats/log-format.js';
import {
  decodeRecord,
  decodeSnapshot,
  encodeBatch,
  encodeRecord,
  encodeSnapshot,
} from '../../../src/cluster/record-format.js';
import { Coordinator, type ServerEntry, ServerRegistry } from '../../../src/core/index.js';
import {
  command,
  confirmed,
  expired,
  goodbye,
  graceEnded,
  joined,
  newcomer,
  resigned,
  rulesOf,
} from '../core/reference/entries.js';
import { leaveOut } from '../core/reference/omit-path.js';
import { laterFormat, laterFormats } from './test-formats.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import {
  decodeSnapshot as unpack,
  encodeSnapshot as pack,
} from '../../../src/redis-stream/snapshots/snapshot-codec.js';

const newer = laterFormats(3);

const up = (format?: number): ServerEntry => ({
  kind: 'server-up',
  at: 1,
  name: 'host',
  since: 1,
  rules: rulesOf(),
  replaces: undefined,
  epochLost: undefined,
  format,
});
const beat: ServerEntry = { kind: 'server-beat', at: 1, applied: '1-1' };

/** Decodes a batch with one entry, after a first one that can be read. */
const decodeEntry = (entry: unknown): unknown =>
  decodeRecord(encodeBatch('a', 1, [JSON.stringify(beat), JSON.stringify(entry)]), logFormats);

describe('a record that this server cannot read', () => {
  it.each([
    ['not JSON', '{"v":1', 'JSON'],
    ['null', 'null', 'JSON'],
    ['without a version', '{"kind":"epoch"}', 'format undefined'],
    ['of a later version', '{"v":3,"kind":"epoch"}', 'format 3'],
    ['of a version that is no number', '{"v":"1","kind":"epoch"}', 'format undefined'],
    ['of an unknown kind', '{"v":1,"kind":"parcels"}', '"parcels" is unknown'],
    ['with the kind of a prototype', '{"v":1,"kind":"__proto__"}', 'unknown'],
    ['a batch without entries', '{"v":1,"kind":"parcel","from":"a","n":1}', 'entries'],
    ['a batch without a number', '{"v":1,"kind":"parcel","from":"a","entries":[]}', 'n'],
    ['a first record without limits', '{"v":1,"kind":"genesis","epochLast":1}', 'rules'],
  ])('is a value, and not an exception: %s', (_, text, reason) => {
    expect(decodeRecord(text, logFormats)).toMatchObject({
      kind: 'unreadable',
      entry: undefined,
      reason: expect.stringContaining(reason),
    });
  });

  it.each([
    ['an unknown kind', { kind: 'seat-swapped', group: 'g', at: 1 }, '"seat-swapped" is unknown'],
    ['the kind of a prototype', { kind: 'constructor' }, 'unknown'],
    ['no kind', { group: 'g' }, 'unknown'],
    ['null', null, 'unknown'],
    ['text', 'joined', 'unknown'],
    ['a missing field', { kind: 'confirmed', group: 'g', at: 1, member: 'm' }, 'confirmed/session'],
    ['a field of another type', { ...goodbye('a'), at: 'now' }, 'departed/at'],
    ['an unknown word', { ...goodbye('a'), how: 'teleported' }, 'departed/how'],
    [
      'a deep field of another type',
      joined('a', { newcomer: { ...newcomer('a'), tags: { a: 1 } as never } }),
      'joined',
    ],
    ['a target of another kind', { ...command('a', 1), target: { kind: 'nearest' } }, 'command/target'],
    ['a format that it does not know', { kind: 'format-raised', at: 1, format: 9 }, 'format 9'],
  ])('names the entry with %s', (_, entry, reason) => {
    expect(decodeEntry(entry)).toMatchObject({
      kind: 'unreadable',
      entry: 1,
      reason: expect.stringContaining(reason),
    });
  });

  it('contains no value of the entry in its reason', () => {
    const secret = { ...joined('a'), newcomer: { ...newcomer('a'), secretHash: 7, name: 'confidential' } };
    expect(JSON.stringify(decodeEntry(secret))).not.toMatch(/confidential|7/);
  });

  it('is readable if it only has fields that this server does not know', () => {
    expect(decodeEntry({ ...goodbye('a'), mood: 'fine' })).toMatchObject({ kind: 'parcel' });
  });
});

describe('two formats', () => {
  it('are chosen by the number of the record, and decode to the same entries', () => {
    const entries = [up(2), joined('a'), confirmed('a', 's')];
    const of = (format: LogFormat): unknown =>
      decodeRecord(encodeBatch('a', 1, entries.map(format.encodeEntry), format.version), newer);
    expect(of(formatTwo)).toEqual({ ...(of(formatOne) as object), v: 2 });
    expect(of(laterFormat)).toEqual({ ...(of(formatOne) as object), v: 3 });
    expect(decodeRecord(encodeBatch('a', 1, entries.map(laterFormat.encodeEntry), 3), logFormats)).toMatchObject({
      kind: 'unreadable',
      reason: 'it has format 3 and this server reads formats up to 2',
    });
  });

  it('are those of a snapshot too, which says in which format the order continues', () => {
    for (const version of [1, 2, 3]) {
      const coordinator = new Coordinator(rulesOf(), 0, timekeeperOf(version));
      coordinator.apply(joined('a'));
      const text = encodeSnapshot({ registry: new ServerRegistry([], version), coordinator }, newer);
      const state = decodeSnapshot(text, newer);
      expect([state.registry.format, state.coordinator.snapshot()]).toEqual([version, coordinator.snapshot()]);
      expect(() => decodeSnapshot(text.replace(`"v":${version}`, '"v":4'), newer)).toThrow('format 4');
    }
  });

  it('keep a snapshot of format 2 from a server that does not check the format: its hash is another', async () => {
    const hashesOf = async (text: string): Promise<readonly string[]> => [
      (await pack(systemStreamEnvironment, '1-1', text)).sha256,
      createHash('sha256').update(`1-1 ${text}`).digest('hex'),
    ];
    const [own, earlier] = await hashesOf('{"v":1,"a":0}');
    expect(own).toBe(earlier);
    const [ownTwo, earlierTwo] = await hashesOf('{"v":2,"a":0}');
    expect(ownTwo).not.toBe(earlierTwo);
    const packed = await pack(systemStreamEnvironment, '1-1', '{"v":2,"a":0}');
    expect(await unpack(systemStreamEnvironment, '1-1', packed)).toBe('{"v":2,"a":0}');
    expect(await unpack(systemStreamEnvironment, '1-2', packed)).toBeUndefined();
  });

  it('begin with that of the first record', () => {
    expect(decodeRecord(encodeRecord({ kind: 'genesis', epochLast: 0, rules: rulesOf() }, 2), newer)).toMatchObject({
      v: 2,
    });
  });
});

describe('an entry that no server can read', () => {
  it.each([
    ['format 1', formatOne, { ...goodbye('a'), member: undefined as never }, 'departed/member'],
    ['format 1, which has no such kind', formatOne, resigned('a'), 'the kind "resigned" is unknown'],
    ['format 2', formatTwo, { ...graceEnded('a', 1), absence: undefined }, 'grace-ended/absence'],
    ['format 2, with a number that JSON does not have', formatTwo, expired(1, Number.NaN), 'expired/seq'],
  ])('is not written: %s', (_, format, entry, fault) => {
    expect(() => format.encodeEntry(entry)).toThrow(`this server cannot append an entry: ${fault}`);
  });
});

describe('format 1', () => {
  const lost = { ...goodbye('a'), how: 'lost', mayActMs: 700 } as const;
  const stopped = { kind: 'stopped', group: 'g', at: 1, epoch: 1, member: 'm', ask: 1, evidence: 'closed' } as const;

  it.each([
    ['joined', joined('a', { epochHeld: 5 }), 'epochHeld'],
    ['departed', lost, 'mayActMs'],
    ['stopped', stopped, 'evidence'],
    ['command', { ...command('a', 1), afterHelloMs: 9 }, 'afterHelloMs'],
    ['grace-ended', graceEnded('a', 1), 'absence'],
    ['grace-ended', graceEnded('a', 1), 'ms'],
  ])(
    'neither writes nor reads what a later format adds to %s, because release 0.1 does not read it',
    (_, entry, field) => {
      expect(JSON.parse(formatOne.encodeEntry(entry))).not.toHaveProperty(field);
      const decoded = formatOne.decodeEntry({ ...entry, [field]: 7 });
      expect(decoded).toMatchObject({ kind: 'entry', entry: expect.not.objectContaining({ [field]: 7 }) });
    },
  );

  it('reads an entry of release 0.1, which format 2 does not accept without its new fields', () => {
    const older: unknown = JSON.parse(leaveOut(JSON.stringify(stopped), 'evidence'));
    expect(formatOne.decodeEntry(older)).toEqual({ kind: 'entry', entry: older });
    expect(formatTwo.decodeEntry(older)).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('evidence'),
    });
    expect(formatTwo.decodeEntry(JSON.parse(formatTwo.encodeEntry(stopped)))).toEqual({
      kind: 'entry',
      entry: stopped,
    });
  });
});

describe('the format of a shard', () => {
  const registryOf = (...formats: (number | undefined)[]): ServerRegistry => {
    const registry = new ServerRegistry();
    for (const [index, format] of formats.entries()) {
      registry.applyBatch({ from: `s${index}`, n: 1, entries: [up(format)] });
    }
    return registry;
  };
  const proposals = (registry: ServerRegistry, beats: number, clusterFormat?: number, server = 's0'): unknown[] => {
    const raise = new FormatRaise(server, newer);
    return Array.from({ length: beats }, () => raise.nextFormat(registry, clusterFormat));
  };

  it('stays while a server announces an older format or none', () => {
    expect(proposals(registryOf(2, undefined, 2), 9)).toEqual(Array(9).fill(undefined));
    expect(proposals(registryOf(2, 1), 9)).toEqual(Array(9).fill(undefined));
  });

  it('is raised by the first server when all have read the newer one for long enough', () => {
    expect(proposals(registryOf(2, 2), 4)).toEqual([undefined, undefined, 2, 2]);
    expect(proposals(registryOf(2, 2), 4, undefined, 's1')).toEqual(Array(4).fill(undefined));
  });

  it('is counted from new when an older server comes back in between', () => {
    const registry = registryOf(2, 2);
    const raise = new FormatRaise('s0', newer);
    const next = (): unknown => raise.nextFormat(registry, undefined);
    expect([next(), next()]).toEqual([undefined, undefined]);
    registry.applyBatch({ from: 'old', n: 1, entries: [up()] });
    expect(next()).toBeUndefined();
    registry.applyBatch({ from: 'old', n: 2, entries: [{ kind: 'server-left', at: 1 }] });
    expect([next(), next(), next()]).toEqual([undefined, undefined, 2]);
  });

  it('follows that of the register in the other shards, at the next heartbeat', () => {
    expect(proposals(registryOf(undefined), 1, 2)).toEqual([2]);
    expect(proposals(registryOf(2), 3, 1)).toEqual(Array(3).fill(undefined));
  });

  it('only rises, at the place of the entry', () => {
    const registry = registryOf(2);
    registry.applyBatch({ from: 's0', n: 2, entries: [{ kind: 'format-raised', at: 1, format: 2 }] });
    registry.applyBatch({ from: 's0', n: 3, entries: [{ kind: 'format-raised', at: 1, format: 1 }] });
    expect(registry.format).toBe(2);
    expect(proposals(registry, 5)).toEqual(Array(5).fill(undefined));
  });

  it('is the format of release 0.1 if no server announces one', () => {
    expect([registryOf().format, registryOf().commonFormat, registryOf(undefined).commonFormat]).toEqual([1, 1, 1]);
  });
});
