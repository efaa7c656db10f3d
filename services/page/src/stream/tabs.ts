/** The tabs of this browser that show the same server with the same token. They share one stream. */

import type { GroupEvent } from '../model/stream-event.js';
import { nameOfServer } from './addresses.js';
import { LockTurn, VisibleTurn, type StreamTurn } from './stream-turn.js';

/** The messages that tabs send each other. */
export type TabMessage =
  /** The tab with the stream asks which groups the other tabs show. */
  | { readonly kind: 'who' }
  /** A tab shows a group, and needs its roster. */
  | { readonly kind: 'want'; readonly tab: string; readonly group: string }
  /** A tab was closed, or shows another group. */
  | { readonly kind: 'gone'; readonly tab: string }
  | { readonly kind: 'events'; readonly events: readonly GroupEvent[] }
  /** The stream has ended. */
  | { readonly kind: 'lost'; readonly why: string };

/** The connection of a tab to the others. */
export interface Tabs {
  readonly turn: StreamTurn;
  /** Sends a message to all other tabs. */
  post(message: TabMessage): void;
  close(): void;
}

/** Joins the tabs of this browser. */
export async function joinTabs(token: string | undefined, receive: (message: TabMessage) => void): Promise<Tabs> {
  // The type declares `locks` as always present, but a page that was not loaded over HTTPS lacks it.
  const locks = (navigator as { locks?: LockManager }).locks;
  if (locks === undefined) return { turn: new VisibleTurn(), post: () => undefined, close: () => undefined };
  const name = `${nameOfServer(document.baseURI)} ${token === undefined ? 'open' : await digestOf(token)}`;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => receive(data);
  return {
    turn: new LockTurn(locks, name),
    post: message => channel.postMessage(message),
    close: () => channel.close(),
  };
}

/** Other pages of this host can list the names of locks, so a name does not contain the token. */
async function digestOf(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('');
}
