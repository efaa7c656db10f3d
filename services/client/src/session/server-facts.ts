/** What a member knows about its server. */

import { limits, type WelcomeMessage } from '@rankd/protocol';

/** The facts about the server in the last welcome (R-JOIN-3). */
export interface ServerFacts {
  /** The optional parts of the protocol that the server has, for example `resign`. */
  readonly features: readonly string[];
  /** How often the server sends a heartbeat, ms. */
  readonly heartbeatMs: number;
  /** How long after its last acknowledged heartbeat the member may act on its rank, ms. */
  readonly suspendMs: number;
  /** How long a silent member keeps its seat, ms. */
  readonly deadMs: number;
  /** The largest `args` of a command and the largest value of a result, bytes of JSON. */
  readonly payloadBytesMax: number;
}

/** Returns the facts about the server in a welcome. */
export function serverFactsOf({
  features,
  heartbeatMs,
  suspendMs,
  deadMs,
  frameBytesMax,
}: WelcomeMessage): ServerFacts {
  return { features, heartbeatMs, suspendMs, deadMs, payloadBytesMax: frameBytesMax - limits.frameOverheadBytes };
}
