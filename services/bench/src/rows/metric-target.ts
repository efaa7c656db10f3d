/** The targets of a row and the verdicts about them. */

import type { Sample } from '../node-load/probe.js';
import { median, spreadOf, type Spread } from './statistics.js';

/** One number of a row, with the value that it must reach (must) and the value that it should reach (goal). */
export interface MetricTarget {
  /** The name of the number, and of the server that it is compared with: `vs nats`. */
  readonly what: string;
  readonly must: number;
  readonly goal: number;
  readonly better: 'more' | 'less';
  /** Which value is compared. Default: the median of the repeats. `worst`: the worst repeat. */
  readonly judgedBy?: 'worst';
  /**
   * Computes the number from the samples of one repeat.
   * @throws Unmeasured
   */
  readonly of: (sample: SampleOf) => number;
}

/**
 * Returns the sample of a measurement.
 * @throws Unmeasured
 */
export type SampleOf = (probe: string) => Sample;

/** A sample that a number needs is missing. The message says why. */
export class Unmeasured extends Error {
  override readonly name = 'Unmeasured';
}

/** Whether a number reaches goal, only must, or neither. */
export type Verdict = 'goal' | 'must' | 'missed';

/** A number with its verdict, or why there is none. */
export type Judgement =
  | { readonly kind: 'measured'; readonly got: Spread; readonly verdict: Verdict }
  | { readonly kind: 'unmeasured'; readonly reason: string };

/** A target with its verdict. */
export interface JudgedTarget extends Omit<MetricTarget, 'of'> {
  readonly judgement: Judgement;
}

/** Computes the number of each repeat, and compares the median with the target. So a disturbance of a minute affects only one repeat. */
export function judge(figure: MetricTarget, repeats: readonly SampleOf[]): JudgedTarget {
  const { of, ...described } = figure;
  const values: number[] = [];
  let reason = 'there is no measurement';
  for (const sampleOf of repeats) {
    try {
      values.push(of(sampleOf));
    } catch (error) {
      if (!(error instanceof Unmeasured)) throw error;
      reason = error.message;
    }
  }
  const isMeasured = values.length > 0 && values.every(Number.isFinite);
  if (values.length > 0 && !isMeasured) reason = 'no ratio can be computed from these numbers';
  return {
    ...described,
    judgement: isMeasured
      ? { kind: 'measured', got: spreadOf(values), verdict: verdictOf(figure, judgedOf(figure, values)) }
      : { kind: 'unmeasured', reason },
  };
}

function judgedOf({ judgedBy, better }: MetricTarget, values: readonly number[]): number {
  if (judgedBy === undefined) return median(values);
  return better === 'more' ? Math.min(...values) : Math.max(...values);
}

/** Compares a number with must and goal. */
export function verdictOf(
  { must, goal, better }: Pick<MetricTarget, 'must' | 'goal' | 'better'>,
  got: number,
): Verdict {
  const reaches = (target: number): boolean => (better === 'more' ? got >= target : got <= target);
  if (reaches(goal)) return 'goal';
  return reaches(must) ? 'must' : 'missed';
}

/**
 * Returns a number of a sample.
 * @throws Unmeasured if the sample does not have it
 */
export function numberOf(sample: Sample, name: string): number {
  const value = sample[name];
  if (value === undefined) throw new Unmeasured(`no ${name} was reported`);
  return value;
}
