/** What a gateway is for. */

import type { ServerId } from '../core/index.js';
import type { FlowExchange } from '../log/ordered-log.js';

/** The cluster to which this server belongs. */
export interface ClusterPlace {
  readonly cluster: string;
  /** The id of this incarnation: this run of the server. */
  readonly server: ServerId;
  /** The port through which servers announce which sessions must wait (R-FLOW-1). */
  readonly flow: FlowExchange;
}

/** What a gateway of a cluster is for: it serves an incarnation, or administrators while the server waits for a lost cluster. */
export interface GatewayRole {
  readonly place?: ClusterPlace;
  /** Accepts what Redis has as the new cluster. Returns false if the server no longer waits. Only present while the server waits. */
  readonly adopt?: () => boolean;
}
