import { Counter, type Registry } from 'prom-client';

/**
 * A counter that costs an addition: what was counted becomes samples only when somebody scrapes. Holds up to two labels, whose
 * values are words without spaces.
 */
export class Tally {
  readonly #counts = new Map<string, { value: number }>();

  constructor(registry: Registry, name: string, help: string, labelNames: readonly string[] = []) {
    const counts = this.#counts;
    if (labelNames.length === 0) counts.set('', { value: 0 });
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [key, { value }] of counts) this.inc(labelsOf(labelNames, key), value);
      },
    });
  }

  /** `by` more with these label values, in the order of the names. */
  add(by: number, first = '', second?: string): void {
    const key = second === undefined ? first : `${first} ${second}`;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { value: by });
    else count.value += by;
  }

  remove(first: string): void {
    this.#counts.delete(first);
  }
}

function labelsOf(names: readonly string[], key: string): Record<string, string> {
  const values = key.split(' ');
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
