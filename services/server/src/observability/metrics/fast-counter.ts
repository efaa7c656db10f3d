/** A Prometheus counter with a fast increment. */

import { Counter, type Registry } from 'prom-client';

interface Count {
  value: number;
}

/** The value of `#last` before the first count and after a removal. Its labels are undefined, so it matches no increment. */
const nothing: { readonly first: string | undefined; readonly second: string | undefined; readonly count: Count } = {
  first: undefined,
  second: undefined,
  count: { value: 0 },
};

/**
 * A Prometheus counter whose increment is usually one addition. It updates prom-client only at a scrape. It has up to two labels, whose
 * values must not contain spaces.
 */
export class FastCounter {
  readonly #counts = new Map<string, Count>();
  /** The count of the last increment. The next increment usually has the same labels. */
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
        for (const [key, { value }] of counts) this.inc(toLabels(labelNames, key), value);
      },
    });
  }

  /** Adds `by` to the count with these label values, in the order of the label names. */
  add(by: number, first = '', second?: string): void {
    if (first !== this.#last.first || second !== this.#last.second) {
      this.#last = { first, second, count: this.#findCount(second === undefined ? first : `${first} ${second}`) };
    }
    this.#last.count.value += by;
  }

  /** Removes the count of a label value. */
  removeLabel(first: string): void {
    this.#counts.delete(first);
    this.#last = nothing;
  }

  #findCount(key: string): Count {
    const count = this.#counts.get(key) ?? { value: 0 };
    this.#counts.set(key, count);
    return count;
  }
}

function toLabels(names: readonly string[], key: string): Record<string, string> {
  const values = key.split(' ');
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
