import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeBrowser, settle, type FakeStream, type FakeTab } from './fake-tabs.js';
import { viewEvent } from '../events.js';

let browser: FakeBrowser;
beforeEach(() => {
  jest.useFakeTimers();
  browser = new FakeBrowser();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Returns the one open stream. */
async function only(): Promise<FakeStream> {
  await settle();
  const [stream, ...others] = browser.open;
  if (stream === undefined || others.length > 0) throw new Error(`${browser.open.length} streams are open`);
  return stream;
}

const stateOf = ({ connections }: FakeTab): string | undefined => connections.at(-1)?.kind;
const rostersOf = ({ updates }: FakeTab): number => updates.filter(({ event }) => event === 'roster').length;

async function openTabs(...groups: readonly string[]): Promise<FakeTab[]> {
  const tabs = [];
  for (const group of groups) {
    tabs.push(browser.openTab(group));
    (await only()).begin();
  }
  await settle();
  return tabs;
}

describe('several tabs', () => {
  it('share one stream, and each gets the events of its group only', async () => {
    const [ann, dots, other] = await openTabs('a', '..', 'a');
    expect((await only()).groups).toEqual(['a', '..']);
    (await only()).send(
      { group: 'a', ...viewEvent(2, 'joined', 'bob', 1) },
      { group: '..', ...viewEvent(5, 'left', 'x', 0) },
    );
    await settle();
    expect([ann, dots, other].map(tab => tab && [stateOf(tab), tab.updates.at(-1)])).toEqual([
      ['live', expect.objectContaining({ event: 'view', view: 2 })],
      ['live', expect.objectContaining({ event: 'view', view: 5 })],
      ['live', expect.objectContaining({ event: 'view', view: 2 })],
    ]);
  });

  it('that are opened together cause no new stream for a group whose roster is still on its way', async () => {
    const tabs = ['a', 'a', 'a', 'a'].map(group => browser.openTab(group));
    (await only()).begin();
    await settle();
    expect([browser.streams.length, ...tabs.map(stateOf)]).toEqual([1, 'live', 'live', 'live', 'live']);
  });

  it('continue in another tab at once when the tab with the stream is stopped, with the groups of all that remain', async () => {
    const [holder, ...others] = await openTabs('a', 'b', 'c');
    holder?.subscription?.stop();
    const stream = await only();
    stream.begin();
    await settle();
    expect([...stream.groups].sort()).toEqual(['b', 'c']);
    expect(others.map(stateOf)).toEqual(['live', 'live']);
  });

  it('forget the group of a closed tab', async () => {
    const [, closed] = await openTabs('a', 'b', 'c');
    closed?.subscription?.stop();
    browser.openTab('d');
    expect((await only()).groups).toEqual(['a', 'c', 'd']);
  });

  it('learn when the stream is lost, and the next one tries at once', async () => {
    const [first, second] = await openTabs('a', 'b');
    jest.setSystemTime(Date.now() + 2000);
    (await only()).end({ kind: 'lost', why: 'planted' });
    await settle();
    expect([first, second].map(tab => tab?.connections.at(-1))).toEqual([
      { kind: 'lost', why: 'planted', heardAtMs: Date.now() - 2000, retryAtMs: expect.any(Number) },
      { kind: 'lost', why: 'planted', heardAtMs: Date.now() - 2000, retryAtMs: Date.now() },
    ]);
    (await only()).begin();
    await settle();
    expect([first, second].map(tab => tab && stateOf(tab))).toEqual(['live', 'live']);
  });

  it('ignore events of a stream from before their roster', async () => {
    await openTabs('a');
    const late = browser.openTab('a');
    const before = browser.open[0];
    before?.send({ group: 'a', ...viewEvent(2, 'joined', 'bob', 1) });
    await settle();
    expect(late.updates).toEqual([]);
    (await only()).begin();
    await settle();
    expect(rostersOf(late)).toBe(1);
  });

  it('request a new stream if one of them has missed a change', async () => {
    const [, second] = await openTabs('a', 'b');
    const before = browser.streams.length;
    second?.subscription?.restart();
    (await only()).begin();
    await settle();
    expect(browser.streams.length).toBe(before + 1);
    expect(second && rostersOf(second)).toBe(2);
  });
});

describe('a tab that the browser has stopped with the stream', () => {
  it('loses it to a visible tab 10 s later, but not to a hidden one', async () => {
    const [stopped, hidden, visible] = await openTabs('a', 'b', 'c');
    if (stopped === undefined || hidden === undefined || visible === undefined) throw new Error('three tabs are open');
    stopped.isStopped = true;
    hidden.isHidden = true;
    visible.isHidden = true;
    await jest.advanceTimersByTimeAsync(25_000);
    expect((await only()).groups).toEqual(['a', 'b', 'c']);
    visible.isHidden = false;
    await jest.advanceTimersByTimeAsync(10_000);
    expect((await only()).groups).toEqual(['c', 'b']);
  });

  it('keeps it while it sends events', async () => {
    await openTabs('a', 'b');
    const before = browser.streams.length;
    for (let second = 0; second < 40; second += 2) {
      (await only()).send({ group: 'a', ...viewEvent(2, 'joined', 'bob', 1) });
      await settle();
      await jest.advanceTimersByTimeAsync(2000);
    }
    expect(browser.streams.length).toBe(before);
  });
});

it('a tab whose token is wrong stops, and leaves the stream to the others', async () => {
  const tab = browser.openTab('a', 'wrong');
  (await only()).end({ kind: 'locked' });
  await settle();
  expect(tab.connections).toEqual([{ kind: 'locked', given: true }]);
  const next = browser.openTab('a');
  (await only()).begin();
  await settle();
  expect(stateOf(next)).toBe('live');
  await jest.advanceTimersByTimeAsync(60_000);
  expect(browser.open).toHaveLength(1);
});
