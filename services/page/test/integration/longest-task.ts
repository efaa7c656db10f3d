/** Measures how long the page's thread is busy. */

import type { Page } from 'playwright-core';

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** CPU time of the thread, µs. Waiting for a core of a busy machine does not count. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Returns the CPU time of the longest task of the page's thread during `act`, ms. 0 if there was none. */
export async function longestTaskMs(page: Page, act: () => Promise<void>): Promise<number> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('this page is of no browser');
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline'] });
  await act();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const isNamed = ({ name, args }: TraceEvent): boolean => name === 'thread_name' && args.name === 'CrRendererMain';
  const mainThreads = new Set(trace.traceEvents.filter(isNamed).map(threadOf));
  const tasks = trace.traceEvents.filter(event => event.name === 'RunTask' && mainThreads.has(threadOf(event)));
  return tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0) / 1000;
}
