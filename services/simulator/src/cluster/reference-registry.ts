import type { Batch } from '@rankd/server/dist/core/index.js';

/** What a parcel is to bring about at every server: an entry, the end of a server's members, or an order that begins anew. */
export type Item =
  | { readonly kind: 'entry'; readonly text: string }
  | { readonly kind: 'gone'; readonly server: string }
  | { readonly kind: 'renewed' };

/** How many of its own beats a server gives before it may say that another, silent in between, is lost. */
const BEATS = 5;

interface Known {
  readonly parcels: number;
  /** Beats of others since its last word, by who gave them. */
  readonly unheard: ReadonlyMap<string, number>;
}

/**
 * The servers of a cluster as one record leaves them, kept apart from the core: who is there, whose word counts, and what comes of
 * it. Never changes; a parcel makes another of it.
 */
export class ReferenceRegistry {
  static readonly none = new ReferenceRegistry(new Map());
  readonly #known: ReadonlyMap<string, Known>;

  private constructor(known: ReadonlyMap<string, Known>) {
    this.#known = known;
  }

  get servers(): readonly string[] {
    return [...this.#known.keys()];
  }

  after({ from, n, entries }: Batch): { readonly fleet: ReferenceRegistry; readonly items: readonly Item[] } {
    const known = new Map(this.#known);
    const isComing = entries[0]?.kind === 'server-up' && n > (known.get(from)?.parcels ?? 0);
    const before = isComing ? n - 1 : known.get(from)?.parcels;
    if (before === undefined || n !== before + 1) return { fleet: this, items: [] };
    known.set(from, { parcels: n, unheard: new Map() });
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
        const isSilent = (known.get(entry.server)?.unheard.get(from) ?? 0) >= BEATS;
        if (isSilent || entry.evidence === 'register') end(entry.server);
      } else if (entry.kind === 'server-beat') {
        for (const [server, { parcels, unheard }] of known) {
          if (server === from) continue;
          known.set(server, { parcels, unheard: new Map(unheard).set(from, (unheard.get(from) ?? 0) + 1) });
        }
      } else items.push({ kind: 'entry', text: JSON.stringify(entry) });
    }
    return { fleet: new ReferenceRegistry(known), items };
  }
}
