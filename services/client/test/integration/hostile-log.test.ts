import { afterEach, expect, it, jest } from '@jest/globals';
import { join, RankdError, type Logger } from '@rankd/client';
import { eventually, firstSteering, hostileTexts } from '@rankd/testkit';
import { DEADLINE_MS } from './fleet.js';
import { ScriptedCoordinator } from './scripted-coordinator.js';
import { welcomeOf } from '../unit/messages.js';

jest.setTimeout(3 * DEADLINE_MS);

const all = hostileTexts.join('|');
let coordinator: ScriptedCoordinator;
afterEach(() => coordinator.dispose());

it('tells a logger of any make no sentence that steers a terminal, and throws no such message', async () => {
  coordinator = await ScriptedCoordinator.open();
  const sentences: string[] = [];
  const note = (_fields: object, sentence: string): void => void sentences.push(sentence);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const joining = join(`rankd://127.0.0.1:${coordinator.port}`, { logger });
  await coordinator.untilReceived('hello');
  coordinator.send(welcomeOf({ rank: 1, size: 2 }));
  const me = await joining;
  const closed = new Promise<RankdError | undefined>(resolve => me.once('closed', ({ error }) => resolve(error)));
  const from = { member: 'm9', rank: 0, name: all };
  coordinator.send({ type: 'command', seq: 1, name: `do${all}`, from, deadlineMs: 1000, track: true });
  await eventually(DEADLINE_MS, 'the command', () =>
    sentences.some(each => each.includes('m9') || each.includes('command do')) ? true : undefined,
  );
  coordinator.send({ type: 'bye', code: 'REMOVED', message: all, retry: false });
  const error = await closed;
  expect(error).toBeInstanceOf(RankdError);
  expect(sentences.filter(each => each.includes('rankctl: fake')).length).toBeGreaterThanOrEqual(2);
  expect(
    [...sentences, error?.message ?? '', error?.stack ?? ''].map(firstSteering).filter(each => each !== undefined),
  ).toEqual([]);
  expect(sentences.filter(each => each.includes('\n'))).toEqual([]);
});
