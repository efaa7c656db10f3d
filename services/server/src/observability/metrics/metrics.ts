/** Counts server events as Prometheus metrics. */

import { assertNever, departureReasons } from '@rankd/protocol';
import { Histogram, Registry } from 'prom-client';
import type { ServerEvent, Watcher } from '../../server-event.js';
import { registerProcessMetrics } from './process-metrics.js';
import { type GaugeSources, registerGauges } from './gauges.js';
import { FastCounter } from './fast-counter.js';

/** The upper limits of the buckets of durations, in seconds. */
const COMMAND_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const PROMOTION_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** The number of deleted groups whose totals are kept. It is limited, because clients can create groups with ever new names. */
const ENDED_GROUPS_MAX = 100;

/** The metrics of a server (docs/metrics.md), in their own registry. No label contains a member id. */
export class Metrics {
  readonly registry = new Registry();
  readonly #admissions = this.#counter('rankd_admissions_total', 'Sessions that asked for a rank, by result', [
    'result',
  ]);
  readonly #departures = this.#counter('rankd_departures_total', 'Members that left, by reason', ['reason']);
  readonly #promotions = this.#counter(
    'rankd_promotions_total',
    'Promotions: how often the rank number of a member decreased',
    ['group'],
  );
  readonly #commands = this.#counter('rankd_commands_total', 'Commands, by result and by the code of a refusal', [
    'result',
    'code',
  ]);
  readonly #deliveries = this.#counter('rankd_deliveries_total', 'Commands delivered to recipients', []);
  readonly #results = this.#counter(
    'rankd_results_total',
    'Recipients of the commands for which an outcome was asked, by status',
    ['status'],
  );
  readonly #rejected = this.#counter(
    'rankd_frames_rejected_total',
    'Frames for which the server closed a session, by code',
    ['code'],
  );
  readonly #mirrorWrites = this.#counter('rankd_mirror_writes_total', 'Writes to the mirror, by result', ['result']);
  readonly #mirrorConflicts = this.#counter(
    'rankd_mirror_conflicts_total',
    'How often another server wrote the same mirror with a larger epoch',
    [],
  );
  readonly #commandSeconds = this.#histogram(
    'rankd_command_duration_seconds',
    'Time from a command to its outcome',
    COMMAND_SECONDS,
  );
  readonly #promotionSeconds = this.#histogram(
    'rankd_promotion_delay_seconds',
    'Time from a change of the roster until its views were sent to all affected sessions',
    PROMOTION_SECONDS,
  );
  readonly #logSeconds = this.#histogram(
    'rankd_log_append_seconds',
    'Time of one write to the cluster log',
    COMMAND_SECONDS,
  );
  readonly #mirrorSeconds = this.#histogram(
    'rankd_mirror_write_seconds',
    'Time of one write to the mirror',
    COMMAND_SECONDS,
  );

  /** The groups without members, oldest first. */
  readonly #ended = new Set<string>();

  constructor(sources: GaugeSources) {
    registerProcessMetrics(this.registry);
    registerGauges(this.registry, sources);
    // Every reason starts at 0: Prometheus sees no increase in a counter that first appears with the value 1.
    for (const reason of departureReasons) this.#departures.add(0, reason.toLowerCase());
    this.#mirrorConflicts.add(0);
  }

  /** Counts a server event. */
  readonly countEvent: Watcher = event => {
    this.#count(event);
  };

  /** Counts a write to the mirror. Records its duration in seconds if it has not failed. */
  recordMirrorWrite(result: 'written' | 'stale' | 'failed', seconds: number): void {
    this.#mirrorWrites.add(1, result);
    if (result !== 'failed') this.#mirrorSeconds.observe(seconds);
  }

  /** Records the duration in seconds of one append to the log of a cluster. */
  recordLogWrite(seconds: number): void {
    this.#logSeconds.observe(seconds);
  }

  #count(event: ServerEvent): void {
    switch (event.event) {
      case 'member.joined':
        this.#ended.delete(event.group);
        this.#admissions.add(1, 'joined');
        this.#promotions.add(0, event.group);
        break;
      case 'session.refused':
        this.#countFrameFault(event.code);
        this.#admissions.add(1, event.code.toLowerCase());
        break;
      case 'session.closed':
        this.#countFrameFault(event.code);
        break;
      case 'member.waiting':
        this.#admissions.add(1, 'waiting');
        break;
      case 'member.resumed':
        this.#admissions.add(1, 'resumed');
        break;
      case 'member.moved':
        this.#promotions.add(event.promoted, event.group);
        break;
      case 'member.left':
        this.#departures.add(1, event.reason.toLowerCase());
        this.#promotions.add(event.promoted, event.group);
        if (event.size === 0) this.#rememberEnded(event.group);
        break;
      case 'members.promoted':
        this.#promotionSeconds.observe(event.delayMs / 1000);
        break;
      case 'command.accepted':
        this.#commands.add(1, 'accepted', '');
        this.#deliveries.add(event.recipients);
        break;
      case 'command.refused':
        this.#commands.add(1, 'refused', event.code);
        break;
      case 'command.outcome':
        this.#commandSeconds.observe(event.ms / 1000);
        break;
      case 'result':
        this.#results.add(1, event.status);
        break;
      case 'mirror.conflict':
        this.#mirrorConflicts.add(1);
        break;
      case 'listening':
      case 'certificates.renewed':
      case 'certificates.unusable':
      case 'http.limited':
      case 'http.refused':
      case 'development-token':
      case 'member.away':
      case 'observer.joined':
      case 'mirror.up':
      case 'mirror.down':
      case 'mirror.unread':
      case 'mirror.unreadable':
      case 'mirror.given-up':
      case 'mirror.read-late':
      case 'mirror.epoch-passed':
      case 'mirror.regained':
      case 'cluster.entered':
      case 'cluster.over':
      case 'cluster.blocked':
      case 'cluster.looking':
      case 'cluster.adopted':
      case 'log.up':
      case 'log.down':
      case 'log.unusable':
      case 'log.usable':
      case 'log.warning':
      case 'draining':
      case 'stopped':
        break;
      default:
        assertNever(event);
    }
  }

  #countFrameFault(code: string): void {
    if (frameFaults.has(code)) this.#rejected.add(1, code);
  }

  #rememberEnded(ended: string): void {
    this.#ended.delete(ended);
    this.#ended.add(ended);
    if (this.#ended.size <= ENDED_GROUPS_MAX) return;
    const [oldest = ended] = this.#ended;
    this.#ended.delete(oldest);
    this.#promotions.removeLabel(oldest);
  }

  #counter(name: string, help: string, labelNames: readonly string[]): FastCounter {
    return new FastCounter(this.registry, name, help, labelNames);
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }
}

const frameFaults: ReadonlySet<string> = new Set(['FRAME_TOO_LARGE', 'BAD_FRAME', 'BAD_MESSAGE', 'HELLO_EXPECTED']);
