/** What the programs of a group have written, and whether two of them were alive at the same time. */

/** One program, from its first line to its last. */
export interface Tenure {
  readonly pid: number;
  readonly fence: string;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

/** Returns the programs of a trace, in the order of their first lines. A line that was cut off by the end of its program is ignored. */
export function readTenures(trace: string): readonly Tenure[] {
  const tenures = new Map<string, Tenure>();
  for (const line of trace.split('\n')) {
    const [, pid, fence = '', ns] = /^(\d+) ([\d-]*) (\d+)$/.exec(line) ?? [];
    if (pid === undefined || ns === undefined) continue;
    const key = `${pid} ${fence}`;
    const firstNs = tenures.get(key)?.firstNs ?? BigInt(ns);
    tenures.set(key, { pid: Number(pid), fence, firstNs, lastNs: BigInt(ns) });
  }
  return [...tenures.values()].sort((a, b) => (a.firstNs < b.firstNs ? -1 : 1));
}

/** Returns a sentence for each program that began before an earlier one had ended, and for each fence that is older than an earlier one. */
export function findViolations(tenures: readonly Tenure[]): readonly string[] {
  const violations: string[] = [];
  let last: Tenure | undefined;
  for (const tenure of tenures) {
    if (last !== undefined && tenure.firstNs <= last.lastNs) {
      const ms = Number(last.lastNs - tenure.firstNs) / 1e6;
      violations.push(`process ${tenure.pid} began ${ms.toFixed(1)} ms before the last line of process ${last.pid}`);
    }
    if (last !== undefined && compareFences(tenure.fence, last.fence) < 0) {
      violations.push(
        `process ${tenure.pid} has the fence ${tenure.fence}, which is older than ${last.fence} of ${last.pid}`,
      );
    }
    if (last === undefined || tenure.lastNs > last.lastNs) last = tenure;
  }
  return violations;
}

/** A program writes every 5 ms. One that has written nothing for this long may have ended, ns. */
const WRITING_NS = 100_000_000n;

/**
 * Returns, for each program that was writing when its rankctl was killed, for how long it continued to write, ms. The number is 0 for a
 * program that wrote no further line.
 * @param killsNs when rankctl was killed, in rising order; a second kill of the same program does not count
 */
export function findFates(tenures: readonly Tenure[], killsNs: readonly bigint[]): readonly number[] {
  const fates = new Map<Tenure, number>();
  for (const atNs of killsNs) {
    const tenure = tenures.findLast(({ firstNs }) => firstNs <= atNs);
    if (tenure === undefined || tenure.lastNs < atNs - WRITING_NS || fates.has(tenure)) continue;
    fates.set(tenure, Math.max(0, Number(tenure.lastNs - atNs) / 1e6));
  }
  return [...fates.values()];
}

function compareFences(a: string, b: string): number {
  const [epochA = 0, viewA = 0] = a.split('-').map(Number);
  const [epochB = 0, viewB = 0] = b.split('-').map(Number);
  return epochA === epochB ? viewA - viewB : epochA - epochB;
}
