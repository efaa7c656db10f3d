import { afterAll, expect } from '@jest/globals';
import { RankdError, type Logger } from '@rankd/client';
import { firstSteering, hostileTexts } from '@rankd/testkit';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { welcomeOf } from '../messages.js';
import { DEADLINE_MS, timedIt } from './fixture.js';
import { ScriptedCoordinator } from './scripted-coordinator.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
const all = hostileTexts.join('|');
afterAll(() => fleet.dispose());

it('a logger receives no message that a terminal would interpret, and no error has one', async () => {
  const coordinator = ScriptedCoordinator.in(fleet);
  const sentences: string[] = [];
  const note = (_fields: object, sentence: string): void => void sentences.push(sentence);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const joining = fleet.join(coordinator.port, { logger });
  await coordinator.untilReceived('hello');
  coordinator.send(welcomeOf({ rank: 1, size: 2 }));
  const me = await joining;
  const closed = new Promise<RankdError | undefined>(resolve => me.once('closed', ({ error }) => resolve(error)));
  const from = { member: 'm9', rank: 0, name: all };
  coordinator.send({ type: 'command', seq: 1, name: `do${all}`, from, deadlineMs: 1000, track: true });
  await fleet.time.eventually(DEADLINE_MS, 'the command', () =>
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
