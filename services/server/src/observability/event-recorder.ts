/** Records the events of a server: in its log, its metrics, the activity samples and the event streams of the side port. */

import type { Logger } from '@rankd/startup';
import { repeat, type Timer } from '../clock.js';
import type { ServerConfig } from '../config.js';
import type { Group, RosterChangedEffect } from '../core/index.js';
import { changeRow } from '../roster-rows.js';
import type { ServerEnvironment } from '../server-environment.js';
import type { ServerEvent } from '../server-event.js';
import { ActivitySamples, SAMPLE_PERIOD_MS } from './activity-samples.js';
import { EventStreams } from './http/event-streams.js';
import { renderGroupTable } from './http/rank-table.js';
import { createEventLog } from './logging/event-log.js';
import { Metrics } from './metrics/metrics.js';
import type { ServerQueries } from './server-queries.js';

/** Records events, and passes to the side port those that it shows. */
export class EventRecorder {
  readonly metrics: Metrics;
  readonly streams: EventStreams;
  readonly activity: ActivitySamples;
  readonly #queries: ServerQueries;
  readonly #clock: ServerEnvironment['clock'];
  readonly #log: (event: ServerEvent) => void;

  constructor(
    {
      RANKD_HTTP_STREAMS_MAX: streamsMax,
      RANKD_MEMBERS_MAX: membersMax,
      RANKD_WAITLIST_MAX: waitlistMax,
    }: ServerConfig,
    clock: ServerEnvironment['clock'],
    logger: Logger,
    queries: ServerQueries,
  ) {
    this.#clock = clock;
    this.#queries = queries;
    this.#log = createEventLog(logger, clock);
    this.metrics = new Metrics(queries);
    this.streams = new EventStreams(streamsMax, clock, group => renderGroupTable(queries, group));
    this.activity = new ActivitySamples(queries, { membersMax, waitlistMax }, () => clock.wallMs());
  }

  /** Records an event of this server. */
  record(event: ServerEvent): void {
    this.metrics.countEvent(event);
    this.#log(event);
    this.publishCommand(event);
  }

  /** Publishes an event of a command, which may be that of another server of the cluster. Ignores other events. */
  publishCommand(event: ServerEvent): void {
    this.activity.countCommand(event);
    switch (event.event) {
      case 'command.accepted':
        return this.streams.publishEvent(event.group, 'command', () => event);
      case 'command.refused':
        return this.streams.publishEvent(event.group, 'refused', () => event);
      case 'command.outcome':
        return this.streams.publishEvent(event.group, 'outcome', () => event);
      default:
        return;
    }
  }

  /** Publishes a change of a group's ranks. */
  publishChange(group: Group, change: RosterChangedEffect): void {
    this.streams.publishEvent(group.name, 'view', () => ({ group: group.name, ...changeRow(change) }));
  }

  /** Starts to sample the activity of the groups. Returns the timer, which samples until it is cancelled. */
  startSampling(): Timer {
    return repeat(this.#clock, SAMPLE_PERIOD_MS, () => this.#sampleActivity());
  }

  #sampleActivity(): void {
    for (const group of this.streams.watchedGroups) void this.#queries.followGroup(group);
    this.activity.sampleGroups();
    this.streams.publishActivity(group => ({ group, ...this.activity.reportActivity(group, 1) }));
  }
}
