/** What a ClusterServer gets from the composition root, and one run of a server in the cluster. */

import type { Clock } from '../../clock.js';
import type { ServerConfig } from '../../config.js';
import type { ServerId } from '../../core/index.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { GatewayRole } from '../../gateway/gateway-role.js';
import type { OrderedLog } from '../../log/ordered-log.js';
import type { StreamEnvironment } from '../../redis-stream/environment.js';
import type { Watcher } from '../../server-event.js';
import type { ClusterLog } from '../cluster-log.js';
import type { LogFormats } from '../formats/log-format.js';
import type { ServedStateStore } from '../founding/served-state.js';

/** The settings of a ClusterServer. */
export interface ClusterServerSettings {
  readonly config: ServerConfig;
  /** The name of this server for operators. */
  readonly hostName: string;
  /** Returns the URL by which clients reach this server, for operators. Undefined until it listens. */
  readonly address?: () => string | undefined;
  /** The largest epoch that was issued before the cluster existed. */
  readonly epochLast: number;
  /** The formats that this server reads and writes. The default is those of this version of rankd. */
  readonly formats?: LogFormats;
}

/** The functions and values that a ClusterServer gets from the composition root. */
export interface ClusterServerPorts {
  readonly clock: Clock;
  readonly environment: StreamEnvironment;
  readonly watch: Watcher;
  /** Creates the gateway of an incarnation. */
  readonly createGateway: (log: OrderedLog, clock: Clock, role: GatewayRole) => Gateway;
  /** Keeps which cluster this server has served. Undefined without RANKD_STATE_DIR. */
  readonly servedState?: ServedStateStore | undefined;
  /** Receives how long each append to the log took. */
  readonly recordWriteSeconds: (seconds: number) => void;
}

/** One run of this server in the cluster: its server id, its log and its gateway. */
export interface Incarnation {
  readonly cluster: string;
  readonly server: ServerId;
  readonly log: ClusterLog;
  readonly gateway: Gateway;
}
