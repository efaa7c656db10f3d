/** A reference registry of servers, to check that of the core. */

import type { Batch } from 'rankd/dist/core/index.js';

/** An item that every server must apply for a batch: an entry, a lost server, or a renewed order. */
export type Item =
  | { readonly kind: 'entry'; readonly text: string }
  | { readonly kind: 'gone'; readonly server: string }
  | { readonly kind: 'renewed' };

/** How many heartbeats a server must append before it may declare a silent server lost. */
const BEATS = 5;

interface KnownServer {
  readonly lastBatch: number;
  /** The number of heartbeats of each other server since the last batch of this one. */
  readonly beatsSince: ReadonlyMap<string, number>;
}

/**
 * A reference implementation of the server registry, independent of the core: the servers of a cluster after a record. It is
 * immutable: a batch creates a new one.
 */
export class ReferenceRegistry {
  static readonly none = new ReferenceRegistry(new Map());
  readonly #known: ReadonlyMap<string, KnownServer>;

  private constructor(known: ReadonlyMap<string, KnownServer>) {
    this.#known = known;
  }

  /** The servers that have joined and have not left. */
  get servers(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** Returns the registry after a batch, and the items that every server must apply. A batch that is out of order has no effect. */
  applyBatch({ from, n, entries }: Batch): { readonly registry: ReferenceRegistry; readonly items: readonly Item[] } {
    const known = new Map(this.#known);
    const isComing = entries[0]?.kind === 'server-up' && n > (known.get(from)?.lastBatch ?? 0);
    const before = isComing ? n - 1 : known.get(from)?.lastBatch;
    if (before === undefined || n !== before + 1) return { registry: this, items: [] };
    known.set(from, { lastBatch: n, beatsSince: new Map() });
    const items: Item[] = [];
    const end = (server: string | undefined): void => {
      if (server === undefined || !known.delete(server)) return;
      items.push({ kind: 'gone', server });
    };
    for (const entry of entries) {
      if (!known.has(from)) break;
      if (entry.kind === 'server-up') {
        end(entry.replaces);
        if (entry.epochLost !== undefined) items.push({ kind: 'renewed' });
      } else if (entry.kind === 'server-left') end(from);
      else if (entry.kind === 'server-lost') {
        const isSilent = (known.get(entry.server)?.beatsSince.get(from) ?? 0) >= BEATS;
        if (isSilent || entry.evidence === 'register') end(entry.server);
      } else if (entry.kind === 'server-beat') {
        for (const [server, { lastBatch, beatsSince }] of known) {
          if (server === from) continue;
          known.set(server, {
            lastBatch,
            beatsSince: new Map(beatsSince).set(from, (beatsSince.get(from) ?? 0) + 1),
          });
        }
      } else if (entry.kind !== 'format-raised' && entry.kind !== 'server-flow')
        items.push({ kind: 'entry', text: JSON.stringify(entry) });
    }
    return { registry: new ReferenceRegistry(known), items };
  }
}
