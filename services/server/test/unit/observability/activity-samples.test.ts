import { beforeEach, describe, expect, it } from '@jest/globals';
import type { GroupSummary } from '@rankd/protocol';
import type { GroupQueries } from '../../../src/observability/group-queries.js';
import { ActivitySamples, SAMPLE_PERIOD_MS, SAMPLES_MAX } from '../../../src/observability/activity-samples.js';
import type { ServerEvent } from '../../../src/server-event.js';

const who = { group: 'jobs', name: 'print', member: 'm1', from: 'ann', rank: 0 };
const accepted: ServerEvent = { event: 'command.accepted', ...who, seq: 1, recipients: 2, refused: 0 };
const refused: ServerEvent = { event: 'command.refused', ...who, code: 'OUTRANKED' };

describe('the activity samples of a group', () => {
  let nowMs: number;
  let groups: GroupSummary[];
  let pulse: ActivitySamples;
  beforeEach(() => {
    nowMs = 0;
    groups = [{ group: 'jobs', epoch: 1, view: 2, size: 2, waiting: 3, membersMax: 10, leader: null }];
    const directory: GroupQueries = {
      followGroup: () => Promise.resolve(),
      listGroups: () => groups,
      readRoster: () => undefined,
      countWaiting: group => groups.find(each => each.group === group)?.waiting ?? 0,
      readReadiness: () => ({
        ready: true,
        state: 'accepting',
        mirror: { state: 'down', lagViews: 4, reason: 'away' },
      }),
    };
    pulse = new ActivitySamples(directory, { membersMax: 10, waitlistMax: 5 }, () => nowMs);
  });

  function beat(): void {
    nowMs += SAMPLE_PERIOD_MS;
    pulse.sampleGroups();
  }

  it('have members, waitlist, state and mirror from the start', () => {
    expect(pulse.reportActivity('jobs')).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      everyMs: SAMPLE_PERIOD_MS,
      samples: [],
      waiting: 3,
      waitlistMax: 5,
      membersMax: 10,
      state: 'accepting',
      mirror: { state: 'down', lagViews: 4, reason: 'away' },
    });
  });

  it('count commands from one sample to the next', () => {
    for (const event of [accepted, accepted, refused]) pulse.countCommand(event);
    beat();
    pulse.countCommand(refused);
    beat();
    expect(pulse.reportActivity('jobs').samples).toEqual([
      { at: '1970-01-01T00:00:02.000Z', commands: 2, refused: 1, size: 2 },
      { at: '1970-01-01T00:00:04.000Z', commands: 0, refused: 1, size: 2 },
    ]);
    expect(pulse.reportActivity('jobs', 1).samples).toHaveLength(1);
  });

  it('cover five minutes', () => {
    expect(SAMPLES_MAX * SAMPLE_PERIOD_MS).toBe(300_000);
    for (let count = 0; count < SAMPLES_MAX + 5; count += 1) beat();
    const { samples } = pulse.reportActivity('jobs');
    expect([samples.length, samples[0]?.at]).toEqual([SAMPLES_MAX, '1970-01-01T00:00:12.000Z']);
  });

  it('are deleted with the group, and start again with it', () => {
    const [jobs] = groups;
    pulse.countCommand(accepted);
    beat();
    groups = [];
    pulse.countCommand(accepted);
    beat();
    expect(pulse.reportActivity('jobs')).toMatchObject({ samples: [], waiting: 0 });
    groups = jobs === undefined ? [] : [jobs];
    beat();
    expect(pulse.reportActivity('jobs').samples.map(({ commands }) => commands)).toEqual([0]);
  });
});
