import { Counter, type Registry } from 'prom-client';

interface Count {
  value: number;
}

/** No label's value is undefined. */
const nothing: { readonly first: string | undefined; readonly second: string | undefined; readonly count: Count } = {
  first: undefined,
  second: undefined,
  count: { value: 0 },
};

/**
 * A counter that costs an addition: what was counted becomes samples only when somebody scrapes. Holds up to two labels, whose
 * values are words without spaces.
 */
export class FastCounter {
  readonly #counts = new Map<string, Count>();
  /** What was counted last is mostly what is counted next. */
  #last = nothing;

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
    if (first !== this.#last.first || second !== this.#last.second) {
      this.#last = { first, second, count: this.#countOf(second === undefined ? first : `${first} ${second}`) };
    }
    this.#last.count.value += by;
  }

  remove(first: string): void {
    this.#counts.delete(first);
    this.#last = nothing;
  }

  #countOf(key: string): Count {
    const count = this.#counts.get(key) ?? { value: 0 };
    this.#counts.set(key, count);
    return count;
  }
}

function labelsOf(names: readonly string[], key: string): Record<string, string> {
  const values = key.split(' ');
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
