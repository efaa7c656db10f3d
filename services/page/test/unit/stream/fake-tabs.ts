/** Several tabs of one browser, in memory. */

import { GroupSubscription } from '../../../src/stream/group-subscription.js';
import type { Connection } from '../../../src/stream/connection.js';
import type { Ending, EventReaderPorts } from '../../../src/stream/event-reader.js';
import type { StreamTurn } from '../../../src/stream/stream-turn.js';
import type { TabMessage, Tabs } from '../../../src/stream/tabs.js';
import type { GroupEvent, StreamEvent } from '../../../src/model/stream-event.js';
import { rosterEvent } from '../events.js';

/** A stream that a tab has opened. */
export interface FakeStream {
  readonly groups: readonly string[];
  readonly isOpen: () => boolean;
  send(...events: readonly GroupEvent[]): void;
  /** Sends the roster of each group, as the server does at the start. */
  begin(): void;
  end(ending: Ending): void;
}

/** A tab. */
export interface FakeTab {
  subscription: GroupSubscription | undefined;
  readonly updates: StreamEvent[];
  readonly connections: Connection[];
  isHidden: boolean;
  /** A stopped tab receives no messages and answers none. */
  isStopped: boolean;
}

interface Waiting {
  readonly start: (signal: AbortSignal) => Promise<void>;
  readonly taken: AbortController;
}

/** A browser: its tabs, the lock between them, and the streams that they have opened. */
export class FakeBrowser {
  readonly streams: FakeStream[] = [];
  readonly #receivers = new Map<FakeTab, (message: TabMessage) => void>();
  readonly #queue: Waiting[] = [];
  #holder: Waiting | undefined;

  get open(): FakeStream[] {
    return this.streams.filter(stream => stream.isOpen());
  }

  openTab(group: string, token?: string): FakeTab {
    const updates: StreamEvent[] = [];
    const connections: Connection[] = [];
    const tab: FakeTab = { subscription: undefined, updates, connections, isHidden: false, isStopped: false };
    const listener = {
      update: (events: readonly StreamEvent[]) => void updates.push(...events),
      connection: (connection: Connection) => void connections.push(connection),
    };
    tab.subscription = new GroupSubscription(group, token, listener, {
      join: async (_token, receive) => await Promise.resolve(this.#join(tab, receive)),
      read: ports => this.#read(ports),
      onWake: () => undefined,
      onClose: () => undefined,
      isHidden: () => tab.isHidden,
    });
    return tab;
  }

  #join(tab: FakeTab, receive: (message: TabMessage) => void): Tabs {
    this.#receivers.set(tab, receive);
    const post = (message: TabMessage): void => {
      if (tab.isStopped) return;
      const others = [...this.#receivers].filter(([each]) => each !== tab && !each.isStopped);
      for (const [, each] of others) void Promise.resolve().then(() => each(structuredClone(message)));
    };
    return { turn: this.#turn(), post, close: () => this.#receivers.delete(tab) };
  }

  #turn(): StreamTurn {
    let isTaking = false;
    let giveUp: () => void = () => undefined;
    return {
      hold: async <T>(read: (signal: AbortSignal) => Promise<T>, stopping: AbortSignal) =>
        await new Promise<T | 'given up'>(resolve => {
          const taken = new AbortController();
          const waiting: Waiting = { taken, start: async signal => resolve(await read(signal)) };
          giveUp = () => {
            const at = this.#queue.indexOf(waiting);
            if (at >= 0) this.#queue.splice(at, 1);
            resolve('given up');
          };
          stopping.addEventListener('abort', giveUp);
          taken.signal.addEventListener('abort', () => resolve('given up'));
          if (isTaking) this.#steal(waiting);
          else this.#queue.push(waiting);
          isTaking = false;
          this.#grant();
        }),
      take: () => {
        isTaking = true;
        giveUp();
      },
    };
  }

  #steal(waiting: Waiting): void {
    this.#holder?.taken.abort();
    this.#holder = undefined;
    this.#queue.unshift(waiting);
  }

  #grant(): void {
    if (this.#holder !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#holder = next;
    void next.start(next.taken.signal).then(() => {
      if (this.#holder === next) this.#holder = undefined;
      this.#grant();
    });
  }

  async #read({ path, signal, told }: EventReaderPorts): Promise<Ending> {
    const groups = new URLSearchParams(path.split('?')[1]).getAll('group');
    return await new Promise<Ending>(resolve => {
      let isOpen = true;
      const end = (ending: Ending): void => {
        isOpen = false;
        resolve(ending);
      };
      const send = (...events: readonly GroupEvent[]): void => {
        if (isOpen) told(events);
      };
      const begin = (): void => send(...groups.map(group => ({ group, ...rosterEvent(1, `leader-of-${group}`) })));
      this.streams.push({ groups, isOpen: () => isOpen, send, begin, end });
      signal.addEventListener('abort', () => end({ kind: 'lost', why: 'aborted' }));
    });
  }
}

/** Resolves when all messages between tabs have been received. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 50; round += 1) await Promise.resolve();
}
