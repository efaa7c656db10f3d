/** Creates the parts that keep senders at the pace of their recipients and of the log. */

import type { Clock } from '../../clock.js';
import type { ServerConfig } from '../../config.js';
import type { FlowExchange, OrderedLog } from '../../log/ordered-log.js';
import type { FlushCycle } from '../delivery/flush-cycle.js';
import type { SessionHeartbeats } from '../liveness/session-heartbeats.js';
import type { StallFreeClock } from '../liveness/stall-free-clock.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import { FlowControl } from './flow-control.js';
import { LagControl } from './lag-control.js';
import { ClusterIntake, DirectIntake, type LogIntake } from './log-intake.js';
import type { PausedSenders } from './paused-senders.js';
import { ResultBackpressure } from './result-backpressure.js';
import { SenderPauses } from './sender-pauses.js';

/** The parts of the gateway that the flow control uses. */
export interface FlowPorts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  readonly sessions: OpenSessions;
  readonly stallFreeClock: StallFreeClock;
  readonly pausedSenders: PausedSenders;
  readonly heartbeats: SessionHeartbeats;
  readonly flushCycle: FlushCycle;
}

/** The parts of the flow control. */
export interface Flow {
  readonly intake: LogIntake;
  readonly resultBackpressure: ResultBackpressure;
  readonly flowControl: FlowControl;
  readonly lagControl: LagControl;
}

/** Creates the flow control. `exchange` connects the servers of a cluster. Without it, this is a single server. */
export function createFlow(exchange: FlowExchange | undefined, ports: FlowPorts): Flow {
  const { config, log } = ports;
  const { RANKD_BACKLOG_BYTES_MAX: backlogBytesMax, RANKD_STALL_MS: stallMs } = config;
  const slowLimits = { backlogBytesMax, stallMs };
  const resume = (session: Session): void => flowControl.resumeIfFree(session);
  const reading = { pause: (session: Session): void => ports.pausedSenders.pause(session), resume };
  const intake: LogIntake =
    exchange === undefined ? new DirectIntake(log) : new ClusterIntake(config, { ...ports, exchange, reading });
  const frameBytesMax = config.RANKD_FRAME_BYTES_MAX;
  const onAskersFreed = (): void => resultBackpressure.handleRemoteResults();
  const senderPauses = new SenderPauses({ ...ports, exchange, resume, onAskersFreed });
  const resultPorts = { ...ports, senderPauses, resume };
  const resultBackpressure = new ResultBackpressure({ ...slowLimits, frameBytesMax }, resultPorts);
  const lagControl = new LagControl({ exchange, senderPauses });
  const parts = { senderPauses, resultBackpressure, intake, lagControl };
  const flowControl: FlowControl = new FlowControl(slowLimits, { ...ports, ...parts });
  return { intake, resultBackpressure, flowControl, lagControl };
}
