import type { Sample } from '../node-load/probe.js';
import { median, spreadOf, type Spread } from './statistics.js';

/** One number of a row, with what it must be and what is hoped for. */
export interface MetricTarget {
  /** What it is, and of whom: `vs nats`. */
  readonly what: string;
  readonly must: number;
  readonly goal: number;
  readonly better: 'more' | 'less';
  /** Which of the repeats is judged: the middle one, unless no repeat may be worse than must. */
  readonly judgedBy?: 'worst';
  /** From the samples of one repeat, by probe. @throws Unmeasured */
  readonly of: (sample: SampleOf) => number;
}

export type SampleOf = (probe: string) => Sample;

/** What a figure is made of is not there; the message says why. */
export class Unmeasured extends Error {
  override readonly name = 'Unmeasured';
}

export type Verdict = 'goal' | 'must' | 'missed';

export type Judgement =
  | { readonly kind: 'measured'; readonly got: Spread; readonly verdict: Verdict }
  | { readonly kind: 'unmeasured'; readonly reason: string };

export interface JudgedTarget extends Omit<MetricTarget, 'of'> {
  readonly judgement: Judgement;
}

/** The median over the repeats of what each of them gives by itself, so that a noisy minute spoils one pair only. */
export function judge(figure: MetricTarget, repeats: readonly SampleOf[]): JudgedTarget {
  const { of, ...described } = figure;
  const values: number[] = [];
  let reason = 'nothing was measured';
  for (const sampleOf of repeats) {
    try {
      values.push(of(sampleOf));
    } catch (error) {
      if (!(error instanceof Unmeasured)) throw error;
      reason = error.message;
    }
  }
  const isMeasured = values.length > 0 && values.every(Number.isFinite);
  if (values.length > 0 && !isMeasured) reason = 'the numbers make no ratio';
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

export function verdictOf(
  { must, goal, better }: Pick<MetricTarget, 'must' | 'goal' | 'better'>,
  got: number,
): Verdict {
  const reaches = (target: number): boolean => (better === 'more' ? got >= target : got <= target);
  if (reaches(goal)) return 'goal';
  return reaches(must) ? 'must' : 'missed';
}

/** One number of a probe's sample. @throws Unmeasured where the probe does not tell it */
export function numberOf(sample: Sample, name: string): number {
  const value = sample[name];
  if (value === undefined) throw new Unmeasured(`no ${name} was told`);
  return value;
}
