/** Reports the promotions of one group, in the order in which they happened. */

import type { Cause } from '../../core/index.js';
import type { Promotion, ServerEvent } from '../../server-event.js';

/** How many promotions of one flush cycle are named. The last report has the number of the others (docs/operations/logs.md). */
const PROMOTIONS_NAMED_MAX = 20;

/** The promotions that one change of ranks has caused. The report's position among the events is fixed when the change happens. */
export class PromotionReport {
  /** The promotions that members have received in a view. */
  promotions: Promotion[] = [];
  /** How many promotions are counted here without a name. */
  others = 0;
  view = 0;
  delayMs = 0;
  /** `open`: more promotions may follow. */
  state: 'open' | 'closed' = 'open';
  readonly #group: string;

  constructor(group: string) {
    this.#group = group;
  }

  /** Returns the event, or undefined if the change has promoted no member of this server. */
  toEvent(): ServerEvent | undefined {
    const { promotions, others, view, delayMs } = this;
    if (promotions.length === 0 && others === 0) return undefined;
    return { event: 'members.promoted', group: this.#group, view, promotions, others, delayMs };
  }
}

/** The parts of the gateway that PromotionReports uses. */
export interface PromotionReportsPorts {
  readonly events: { reportPromotions(report: PromotionReport): void };
}

/**
 * Collects the promotions of one group in a flush cycle. Members receive one view for all changes of the cycle, except a new
 * leader, and members that receive a command between two changes. Each promotion is reported after the change that caused it, and before
 * the next one. So no line of the log promotes a member that has left in an earlier line.
 */
export class PromotionReports {
  readonly #group: string;
  readonly #ports: PromotionReportsPorts;
  /** The reports of this cycle by the cause of their change, in order. */
  readonly #reports = new Map<Cause, PromotionReport>();

  constructor(group: string, ports: PromotionReportsPorts) {
    this.#group = group;
    this.#ports = ports;
  }

  /** Starts the report of a change of ranks, at this place among the events. */
  startReport(cause: Cause): PromotionReport {
    const report = new PromotionReport(this.#group);
    this.#reports.set(cause, report);
    this.#ports.events.reportPromotions(report);
    return report;
  }

  /** Adds a promotion by the change with `cause`. The member has received it with `view`. */
  add(promotion: Promotion, cause: Cause, view: number): void {
    const report = this.#reports.get(cause) ?? this.startReport(cause);
    report.promotions.push(promotion);
    report.view = view;
  }

  /**
   * Completes the reports of the cycle. Past PROMOTIONS_NAMED_MAX, promotions are only counted, in the last report. The last members
   * received their views `delayMs` after the first change.
   */
  completeCycle(delayMs: number): void {
    const reports = [...this.#reports.values()];
    this.#reports.clear();
    for (const report of reports) {
      report.state = 'closed';
      report.delayMs = delayMs;
    }
    const last = reports.findLast(({ promotions }) => promotions.length > 0);
    if (last === undefined) return;
    const all = reports.flatMap(({ promotions }) => promotions);
    if (all.length <= PROMOTIONS_NAMED_MAX) return;
    // A new leader is named first, then the members that reached their ranks last.
    const leaders = all.filter(({ rank }) => rank === 0);
    const byImportance = new Set([...leaders, ...last.promotions, ...all]);
    const named = new Set([...byImportance].slice(0, PROMOTIONS_NAMED_MAX));
    for (const report of reports) report.promotions = report.promotions.filter(promotion => named.has(promotion));
    last.others = all.length - named.size;
  }
}
