import { Counter, type Registry } from 'prom-client';

/**
 * A counter that costs an addition: what was counted becomes samples only when somebody scrapes. Holds up to two labels, whose
 * values are words without spaces.
 */
export class Tally {
  readonly #counts = new Map<string, number>();

  constructor(registry: Registry, name: string, help: string, labelNames: readonly string[] = []) {
    const counts = this.#counts;
    if (labelNames.length === 0) counts.set('', 0);
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [key, count] of counts) this.inc(labelsOf(labelNames, key), count);
      },
    });
  }

  /** `by` more with these label values, in the order of the names. */
  add(by: number, first = '', second?: string): void {
    const key = second === undefined ? first : `${first} ${second}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  remove(first: string): void {
    this.#counts.delete(first);
  }
}

function labelsOf(names: readonly string[], key: string): Record<string, string> {
  const values = key.split(' ');
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
