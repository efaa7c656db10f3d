/** The verb `events`. */

import { setTimeout as sleep } from 'node:timers/promises';
import { RankdError, type Observer, type ObserverEvents } from '@rankd/client/observer';
import { limits, onAbort } from '@rankd/protocol';
import { writeJson, type CommandContext, type ExitCode } from '../commands/command-context.js';
import { open } from '../connection.js';
import { formatError } from '../output/format-error.js';
import { OUTPUT_BYTES_MAX } from '../terminal/standard-output.js';
import type { Terminal } from '../terminal/terminal.js';
import { ChangeFeed, type FeedStep } from './change-feed.js';
import { formatEvent, type GroupEvent } from './group-event.js';

type ViewMessage = ObserverEvents['view'][0];

/** The shortest time between two queries, ms. The server answers 10 queries a second (R-ASK-1). */
const ASK_EVERY_MS = 250;
const RETRY_MS = 500;
/** How many views may wait. Further views are dropped: the history contains their changes. */
const VIEWS_WAITING_MAX = 256;

/**
 * Prints each change of the group when it happens, without joining. Opens a new session when one ends, and then prints what has changed since.
 * Ends when the reader of the output closes it.
 * @throws RankdError if no retry can succeed
 */
export async function events(call: CommandContext): Promise<ExitCode> {
  const { connection, terminal } = call;
  terminal.watchReaders();
  const { unread } = terminal;
  const now = (): string => new Date().toISOString();
  const emit = (event: GroupEvent): void => {
    if (call.json) writeJson(call, event);
    else terminal.write(formatEvent(event));
  };
  const feed = new ChangeFeed(emit, now, limits.historyMax);
  let isLost = false;
  for (;;) {
    try {
      using observer = await open(connection, unread);
      isLost = false;
      await followChanges(observer, feed, call);
      return 0;
    } catch (error) {
      if (unread.aborted) return 0;
      if (!(error instanceof RankdError) || !error.retry) throw error;
      const { code, message } = formatError(error, connection);
      // Emit one event for all attempts until the server answers.
      if (!isLost) emit({ event: 'disconnected', group: connection.group, at: now(), code, message });
      isLost = true;
      await sleep(error.retryAfterMs ?? RETRY_MS, undefined, { signal: unread }).catch(() => undefined);
    }
  }
}

/** Passes the changes of one session to the feed until `unread` is aborted. Rejects with the reason when the session ends. */
async function followChanges(observer: Observer, feed: ChangeFeed, { terminal }: CommandContext): Promise<void> {
  const { unread } = terminal;
  using views = new WaitingViews(observer, unread);
  const session = { observer, feed, unread };
  try {
    await complete(feed.begin(await observer.roster()), session);
    while (!unread.aborted) {
      const view = await views.next();
      if (terminal.waitingBytes >= OUTPUT_BYTES_MAX) await drained(terminal);
      if (view !== undefined) await complete(feed.applyView(view), session);
    }
  } catch (error) {
    throw views.ended ?? error;
  }
}

interface FollowedSession {
  readonly observer: Observer;
  readonly feed: ChangeFeed;
  readonly unread: AbortSignal;
}

/** Asks for what the feed needs. */
async function complete(step: FeedStep, { observer, feed, unread }: FollowedSession): Promise<void> {
  const pause = async (): Promise<void> => {
    await sleep(ASK_EVERY_MS, undefined, { signal: unread }).catch(() => undefined);
  };
  let next = step;
  while (next.kind === 'history' && !unread.aborted) {
    const { limit } = next;
    next = feed.applyHistory(await observer.history(limit), limit);
    await pause();
  }
  if (!feed.needsRoster || unread.aborted) return;
  feed.applyRoster(await observer.roster());
  await pause();
}

/** Resolves when the output has been read, or its reader is gone. */
async function drained({ afterDrain, unread }: Pick<Terminal, 'afterDrain' | 'unread'>): Promise<void> {
  let remove: () => void = () => undefined;
  await new Promise<void>(resolve => {
    remove = onAbort(unread, resolve);
    afterDrain(resolve);
  });
  remove();
}

/** The views of a session that were not taken yet. */
class WaitingViews implements Disposable {
  readonly #removeListener: () => void;
  readonly #signal: AbortSignal;
  #views: ViewMessage[] = [];
  #wake: () => void = () => undefined;
  #ended: RankdError | undefined;

  constructor(observer: Observer, signal: AbortSignal) {
    this.#signal = signal;
    observer.on('view', view => {
      // The next view then leaves a gap, which the history fills.
      if (this.#views.length >= VIEWS_WAITING_MAX) this.#views = [];
      this.#views.push(view);
      this.#wake();
    });
    observer.once('closed', error => {
      this.#ended = error;
      this.#wake();
    });
    this.#removeListener = onAbort(signal, () => this.#wake());
  }

  /** Why the session has ended. Undefined if it has not. */
  get ended(): RankdError | undefined {
    return this.#ended;
  }

  /**
   * Resolves with the next view, or with undefined if the signal is aborted.
   * @throws RankdError the reason, if the session has ended
   */
  async next(): Promise<ViewMessage | undefined> {
    while (this.#views.length === 0 && this.#ended === undefined && !this.#signal.aborted) {
      await new Promise<void>(resolve => (this.#wake = resolve));
    }
    const view = this.#views.shift();
    if (view === undefined && this.#ended !== undefined) throw this.#ended;
    return view;
  }

  [Symbol.dispose](): void {
    this.#removeListener();
  }
}
