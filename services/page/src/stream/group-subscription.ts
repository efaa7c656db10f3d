/** Watches a group over several streams. */

import { onAbort } from '@rankd/protocol/on-abort';
import { retryDelayMs, type Connection } from './connection.js';
import { eventsAddress } from './addresses.js';
import { readEvents, type Ending } from './event-reader.js';
import { Restartable } from './restartable.js';
import { joinTabs, type TabMessage, type Tabs } from './tabs.js';
import type { GroupEvent, StreamEvent } from '../model/stream-event.js';

/**
 * The tab with the stream sends a message to the others at least every 7 s. After this time without one, ms, another tab takes the stream.
 */
const TAKE_MS = 10_000;

/** Receives the events of a group and the state of the connection. */
export interface GroupListener {
  update(events: readonly StreamEvent[]): void;
  connection(connection: Connection): void;
}

/** The functions of the browser that a subscription uses. Tests replace them. */
export interface SubscriptionParts {
  readonly join: typeof joinTabs;
  readonly read: typeof readEvents;
  /** Calls `run` when a retry may succeed: the network is available again, or the page is visible again. */
  readonly onWake: (run: () => void, signal: AbortSignal) => void;
  /** Calls `run` when the page is closed, or when the browser puts it into its back/forward cache. */
  readonly onClose: (run: () => void, signal: AbortSignal) => void;
  readonly isHidden: () => boolean;
}

const browser: SubscriptionParts = {
  join: joinTabs,
  read: readEvents,
  onWake: (run, signal) => {
    addEventListener('online', run, { signal });
    document.addEventListener('visibilitychange', run, { signal });
  },
  onClose: (run, signal) => addEventListener('pagehide', run, { signal }),
  isHidden: () => document.hidden,
};

/** The stream of this tab. It has the events of the groups that all tabs show. */
interface HeldStream {
  /** The group that each other tab shows, by tab. */
  readonly wanted: Map<string, string>;
  /** The groups of the open stream whose roster has not arrived. */
  arriving: ReadonlySet<string>;
  reading: AbortController;
}

/**
 * Watches a group. One tab at a time has a stream, with the groups of all tabs, and passes the events on to the other tabs. Reconnects when
 * the stream is lost, until the subscription is stopped or the token is wrong.
 */
export class GroupSubscription {
  readonly #tab = String(Math.random());
  readonly #group: string;
  readonly #token: string | undefined;
  readonly #listener: GroupListener;
  readonly #parts: SubscriptionParts;
  readonly #stopping = new AbortController();
  /** Runs while another tab has the stream. */
  readonly #patience = new Restartable(TAKE_MS, () => this.#takeStream());
  #tabs: Tabs | undefined;
  #held: HeldStream | undefined;
  #wake: () => void = () => undefined;
  /** How many attempts in a row have failed. */
  #failures = 0;
  #heardAtMs: number | undefined;
  /** Whether the roster of the group has arrived. Until then the events that other tabs pass on cannot be applied. */
  #hasRoster = false;

  constructor(group: string, token: string | undefined, listener: GroupListener, parts: SubscriptionParts = browser) {
    this.#group = group;
    this.#token = token;
    this.#listener = listener;
    this.#parts = parts;
    const { signal } = this.#stopping;
    parts.onWake(() => this.#wake(), signal);
    parts.onClose(() => this.stop(), signal);
    void this.#run();
  }

  /** Ends the subscription. */
  stop(): void {
    if (this.#isStopped()) return;
    this.#stopping.abort();
    this.#patience.cancel();
    this.#tabs?.post({ kind: 'gone', tab: this.#tab });
    this.#tabs?.close();
    this.#wake();
  }

  /** Requests the complete roster again. */
  restart(): void {
    this.#hasRoster = false;
    if (this.#held === undefined) this.#ask();
    else this.#held.reading.abort('missed');
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    const tabs = await this.#parts.join(this.#token, message => this.#receive(message));
    if (this.#isStopped()) {
      tabs.close();
      return;
    }
    this.#tabs = tabs;
    this.#ask();
    while (!this.#isStopped()) {
      this.#patience.restart();
      const ending = await tabs.turn.hold(signal => this.#readStreams(signal), this.#stopping.signal);
      this.#held = undefined;
      if (this.#isStopped()) return;
      if (ending === 'given up') continue;
      if (ending.kind === 'locked') {
        this.#listener.connection({ kind: 'locked', given: this.#token !== undefined });
        this.stop();
        return;
      }
      tabs.post({ kind: 'lost', why: ending.why });
      await this.#waitAfterLoss(ending.why);
    }
  }

  /** Reads streams until one is lost. Starts a new stream when a tab needs a group that the present stream lacks. */
  async #readStreams(signal: AbortSignal): Promise<Ending> {
    this.#patience.cancel();
    const held: HeldStream = { wanted: new Map(), arriving: new Set(), reading: new AbortController() };
    this.#held = held;
    this.#tabs?.post({ kind: 'who' });
    for (;;) {
      const groups = [...new Set([this.#group, ...held.wanted.values()])];
      const reading = (held.reading = new AbortController());
      held.arriving = new Set(groups);
      const sources = [signal, this.#stopping.signal];
      const removeListeners = sources.map(source => onAbort(source, () => reading.abort(source.reason)));
      const ending = await this.#parts.read({
        path: eventsAddress(groups),
        token: this.#token,
        signal: reading.signal,
        told: events => this.#passOn(held, events),
      });
      for (const remove of removeListeners) remove();
      const isReplaced = held.reading.signal.reason === 'replaced';
      if (!isReplaced || signal.aborted || this.#isStopped()) return ending;
    }
  }

  #passOn(held: HeldStream, events: readonly GroupEvent[]): void {
    if (this.#held !== held || this.#isStopped()) return;
    const rosters = new Set(events.filter(({ event }) => event === 'roster').map(({ group }) => group));
    held.arriving = new Set([...held.arriving].filter(group => !rosters.has(group)));
    this.#notify(events);
    // Without other tabs the events are not copied.
    if (events.length > 0 && held.wanted.size > 0) this.#tabs?.post({ kind: 'events', events });
  }

  #receive(message: TabMessage): void {
    if (this.#isStopped()) return;
    switch (message.kind) {
      case 'who':
        return this.#ask();
      case 'want':
        return this.#addGroup(message);
      case 'gone':
        this.#held?.wanted.delete(message.tab);
        return;
      case 'events':
        this.#hearOtherTab();
        return this.#notify(message.events);
      case 'lost':
        this.#hearOtherTab();
        return this.#reportLost(message.why, 0);
      default:
        message satisfies never;
    }
  }

  /** Asks the tab with the stream for the roster of this group. */
  #ask(): void {
    this.#hearOtherTab();
    this.#tabs?.post({ kind: 'want', tab: this.#tab, group: this.#group });
  }

  #addGroup({ tab, group }: Extract<TabMessage, { kind: 'want' }>): void {
    if (this.#held === undefined) return;
    this.#held.wanted.set(tab, group);
    if (!this.#held.arriving.has(group)) this.#held.reading.abort('replaced');
  }

  #hearOtherTab(): void {
    if (this.#held === undefined) this.#patience.restart();
  }

  /** Takes the stream from a tab that the browser has stopped. A hidden tab does not take it, because the browser may stop it too. */
  #takeStream(): void {
    if (this.#isStopped() || this.#held !== undefined) return;
    if (this.#parts.isHidden()) this.#patience.restart();
    else this.#tabs?.turn.take();
  }

  #notify(events: readonly GroupEvent[]): void {
    this.#heardAtMs = Date.now();
    const own = events.filter(({ group }) => group === this.#group);
    const hasNewRoster = own.some(({ event }) => event === 'roster');
    this.#hasRoster ||= hasNewRoster;
    if (this.#hasRoster && own.length > 0) this.#listener.update(own);
    // Each stream starts with a roster. The page is up to date once the roster has arrived.
    if (!hasNewRoster) return;
    this.#failures = 0;
    this.#listener.connection({ kind: 'live' });
  }

  async #waitAfterLoss(why: string): Promise<void> {
    const delayMs = retryDelayMs(this.#failures, Math.random());
    this.#failures += 1;
    this.#reportLost(why, delayMs);
    await new Promise<void>(resolve => {
      this.#wake = resolve;
      setTimeout(resolve, delayMs);
    });
  }

  #reportLost(why: string, delayMs: number): void {
    this.#listener.connection({ kind: 'lost', heardAtMs: this.#heardAtMs, retryAtMs: Date.now() + delayMs, why });
  }
}
