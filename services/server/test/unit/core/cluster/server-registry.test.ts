import { describe, expect, it } from '@jest/globals';
import {
  BEATS_UNTIL_LOST,
  ServerRegistry,
  type Entry,
  type Batch,
  type ServerEntry,
  type Step,
} from '../../../../src/core/index.js';
import { goodbye, rulesOf } from '../reference/entries.js';

const up = (name: string, replaces?: string, epochLost?: number, since = 1): ServerEntry => ({
  kind: 'server-up',
  at: 1,
  name,
  since,
  rules: rulesOf(),
  replaces,
  epochLost,
});
const beat: ServerEntry = { kind: 'server-beat', at: 2, applied: '1-7' };
const left: ServerEntry = { kind: 'server-left', at: 3 };
const lost = (server: string, evidence: 'silence' | 'register' = 'silence'): ServerEntry => ({
  kind: 'server-lost',
  at: 4,
  server,
  evidence,
});
const parcel = (from: string, n: number, ...entries: (Entry | ServerEntry)[]): Batch => ({ from, n, entries });

/** A registry with these servers, each of which has sent one batch. */
function fleetOf(...names: string[]): ServerRegistry {
  const fleet = new ServerRegistry();
  for (const name of names) fleet.applyBatch(parcel(name, 1, up(name)));
  return fleet;
}

const kinds = (steps: readonly Step[]): string[] =>
  steps.map(step => (step.kind === 'gone' ? `gone ${step.server} ${step.reason}` : step.kind));

/** Applies `count` heartbeats of the server, in batches numbered from `n`. */
function beats(fleet: ServerRegistry, server: string, n: number, count: number): void {
  for (let each = 0; each < count; each += 1) fleet.applyBatch(parcel(server, n + each, beat));
}

describe('the address of a server', () => {
  it('is that of its last heartbeat with one, and survives a snapshot', () => {
    const fleet = fleetOf('a', 'b');
    fleet.applyBatch(parcel('a', 2, { ...beat, address: 'rankd://10.0.0.5:2700' }));
    fleet.applyBatch(parcel('a', 3, beat));
    fleet.applyBatch(parcel('b', 2, beat));
    const copy = new ServerRegistry(JSON.parse(JSON.stringify(fleet.servers)) as ServerRegistry['servers']);
    for (const each of [fleet, copy]) {
      expect(each.servers.map(({ address }) => address)).toEqual(['rankd://10.0.0.5:2700', undefined]);
    }
  });
});

describe('K8 a batch', () => {
  it('is applied once, even if it arrives several times', () => {
    const fleet = fleetOf('a');
    expect(kinds(fleet.applyBatch(parcel('a', 2, goodbye('m'))))).toEqual(['entry']);
    expect(fleet.applyBatch(parcel('a', 2, goodbye('m')))).toEqual([]);
    expect(fleet.applyBatch(parcel('a', 1, up('a')))).toEqual([]);
  });

  it('has no effect if an earlier batch is missing or its sender is unknown', () => {
    const fleet = fleetOf('a');
    expect(fleet.applyBatch(parcel('a', 3, goodbye('m')))).toEqual([]);
    expect(fleet.applyBatch(parcel('b', 1, goodbye('m')))).toEqual([]);
    expect(fleet.servers.map(({ id }) => id)).toEqual(['a']);
  });
});

describe('K1 K2 a server', () => {
  it('is lost when another server has sent BEATS_UNTIL_LOST heartbeats without receiving one from it', () => {
    const fleet = fleetOf('a', 'b');
    beats(fleet, 'a', 2, BEATS_UNTIL_LOST - 1);
    expect(fleet.overdueServers('a')).toEqual([]);
    const n = BEATS_UNTIL_LOST + 1;
    expect(kinds(fleet.applyBatch(parcel('a', n, lost('b'))))).toEqual([]);
    fleet.applyBatch(parcel('a', n + 1, beat));
    expect(fleet.overdueServers('a')).toEqual(['b']);
    expect(kinds(fleet.applyBatch(parcel('a', n + 2, lost('b'), lost('b'))))).toEqual(['gone b SERVER_LOST']);
    expect(fleet.applyBatch(parcel('b', 2, goodbye('m')))).toEqual([]);
  });

  it('is not lost if it sent something before the server-lost entry arrived', () => {
    const fleet = fleetOf('a', 'b');
    beats(fleet, 'a', 2, BEATS_UNTIL_LOST);
    fleet.applyBatch(parcel('b', 2, goodbye('m')));
    expect(kinds(fleet.applyBatch(parcel('a', BEATS_UNTIL_LOST + 2, lost('b'))))).toEqual([]);
  });

  it('is judged by each of the other servers, and never by itself', () => {
    const fleet = fleetOf('a', 'b', 'c');
    beats(fleet, 'a', 2, BEATS_UNTIL_LOST);
    expect([fleet.overdueServers('a'), fleet.overdueServers('b'), fleet.overdueServers('c')]).toEqual([
      ['b', 'c'],
      [],
      [],
    ]);
    expect(kinds(fleet.applyBatch(parcel('c', 2, lost('b'), lost('c'))))).toEqual([]);
  });

  it('ends its previous incarnation with a new server-up, and its own with server-left', () => {
    const fleet = fleetOf('a', 'b');
    expect(kinds(fleet.applyBatch(parcel('a2', 1, up('a', 'a'))))).toEqual(['start', 'rules', 'gone a SERVER_LOST']);
    expect(kinds(fleet.applyBatch(parcel('a2', 2, left, goodbye('m'))))).toEqual(['gone a2 SERVER_LEFT']);
    expect(fleet.servers.map(({ id }) => id)).toEqual(['b']);
  });

  it('K5 reports once, with its new incarnation, that the records it had read are lost', () => {
    const fleet = fleetOf('a', 'b');
    const again = parcel('a2', 1, up('a', 'a', 5000));
    expect(fleet.applyBatch(again).at(-1)).toEqual({ kind: 'order-lost', at: 1, epochLost: 5000 });
    expect(kinds(fleet.applyBatch(again))).toEqual([]);
  });

  it('behaves after a snapshot like the registry that the snapshot was taken from', () => {
    const fleet = fleetOf('a', 'b');
    beats(fleet, 'a', 2, 3);
    const copy = new ServerRegistry(JSON.parse(JSON.stringify(fleet.servers)) as ServerRegistry['servers']);
    for (const each of [fleet, copy]) beats(each, 'a', 5, BEATS_UNTIL_LOST - 3);
    expect([copy.overdueServers('a'), copy.servers]).toEqual([fleet.overdueServers('a'), fleet.servers]);
    expect(copy.overdueServers('a')).toEqual(['b']);
  });
});

describe('a server that follows an order, leaves it and joins it again', () => {
  it('continues its batch numbers, and a copy of its first server-up has no effect', () => {
    const fleet = fleetOf('a', 'b');
    expect(kinds(fleet.applyBatch(parcel('a', 2, left)))).toEqual(['gone a SERVER_LEFT']);
    expect(kinds(fleet.applyBatch(parcel('a', 3, up('a'))))).toEqual(['start', 'rules']);
    expect(fleet.applyBatch(parcel('a', 1, up('a')))).toEqual([]);
    expect(kinds(fleet.applyBatch(parcel('a', 4, goodbye('m'))))).toEqual(['entry']);
  });

  it('stays registered although a copy of its first server-up follows its server-left', () => {
    const fleet = fleetOf('a', 'b');
    fleet.applyBatch(parcel('a', 2, left));
    fleet.applyBatch(parcel('a', 1, up('a')));
    fleet.applyBatch(parcel('a', 3, up('a')));
    expect(kinds(fleet.applyBatch(parcel('a', 4, goodbye('m'))))).toEqual(['entry']);
  });

  it('sets its rules only if no present server started later', () => {
    const fleet = fleetOf();
    expect(kinds(fleet.applyBatch(parcel('old', 1, up('old', undefined, undefined, 10))))).toEqual(['start', 'rules']);
    expect(kinds(fleet.applyBatch(parcel('new', 1, up('new', undefined, undefined, 20))))).toEqual(['start', 'rules']);
    fleet.applyBatch(parcel('old', 2, left));
    expect(kinds(fleet.applyBatch(parcel('old', 3, up('old', undefined, undefined, 10))))).toEqual(['start']);
    expect(fleet.servers.map(({ id, upAt }) => [id, upAt])).toEqual([
      ['new', 20],
      ['old', 10],
    ]);
  });

  it('is lost without a count of heartbeats if the register does not list it', () => {
    const fleet = fleetOf('a', 'b');
    expect(fleet.applyBatch(parcel('a', 2, lost('b')))).toEqual([]);
    expect(kinds(fleet.applyBatch(parcel('a', 3, lost('b', 'register'))))).toEqual(['gone b SERVER_LOST']);
    expect(fleet.applyBatch(parcel('a', 4, lost('b', 'register')))).toEqual([]);
  });
});
