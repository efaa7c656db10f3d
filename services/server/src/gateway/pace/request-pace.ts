/** R-PACE-1, R-ASK-1: the rate limits of a session's requests. */

import { limits } from '@rankd/protocol';
import { QueryRateLimit } from '../session/query-rate-limit.js';
import { TokenBucket } from './token-bucket.js';

/** In this time a session regains `refusalsMax` refusals. */
const REFUSALS_REGAINED_SECONDS = 10;

/** Limits the requests of one session: pings (R-PACE-1), `roster` and `history` (R-ASK-1). */
export class RequestPace {
  readonly #pings = new TokenBucket(limits.pingsAtOnce, limits.pingsPerSecond);
  readonly #queries = new QueryRateLimit(limits.queriesPerSecondMax);
  readonly #refusals = new TokenBucket(limits.refusalsMax, limits.refusalsMax / REFUSALS_REGAINED_SECONDS);

  /** Counts a ping at the time `nowMs` if it is within the limit. Returns whether it is. */
  allowsPing(nowMs: number): boolean {
    return this.#pings.take(nowMs);
  }

  /** Counts a query at the time `nowMs` if it is within the limit. Returns whether it is. */
  allowsQuery(nowMs: number): boolean {
    return this.#queries.allows(nowMs);
  }

  /** Counts a request that was refused with RATE_LIMITED. Returns false if the session has had too many, so that it must end. */
  allowsRefusal(nowMs: number): boolean {
    return this.#refusals.take(nowMs);
  }
}
