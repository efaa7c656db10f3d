import { assertNever, encodeFrame } from '@rankd/protocol';
import type { AdminReceiptEffect, Effect, Entry, ReleasedEffect, SessionId } from '../../core/index.js';
import type { Origin } from '../../log/ordered-log.js';
import { adminReceipt } from '../frames/command-frames.js';
import { errorMessage } from '../frames/session-frames.js';
import type { LeaderYield } from '../liveness/leader-yield.js';
import type { LogStalenessGuard } from '../liveness/log-staleness-guard.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { CommandEffects } from './command-effects.js';
import type { EventReporter } from './event-reporter.js';
import type { GroupChannels } from './group-channels.js';
import type { MembershipEffects } from './membership-effects.js';

export interface EffectPerformerPorts {
  /** The `retryAfterMs` of a session that is turned away. */
  readonly retryAfterMs: number;
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly channels: Pick<GroupChannels, 'open' | 'sendInOrder'>;
  readonly membership: MembershipEffects;
  readonly commands: CommandEffects;
  readonly leaderYield: Pick<LeaderYield, 'requestYield'>;
  readonly stalenessGuard: Pick<LogStalenessGuard, 'isStale'>;
  readonly events: Pick<EventReporter, 'setOrigin'>;
}

/** Performs the effects of each entry for the sessions of this server. Decides nothing. */
export class EffectPerformer {
  readonly #ports: EffectPerformerPorts;

  constructor(ports: EffectPerformerPorts) {
    this.#ports = ports;
  }

  performEntry(entry: Entry, effects: readonly Effect[], origin: Origin): void {
    this.#ports.events.setOrigin(origin);
    if (entry.kind !== 'frozen') this.performEffects(entry.group, effects);
    this.#ports.events.setOrigin('here');
  }

  performEffects(group: string, effects: readonly Effect[]): void {
    let changesLeft = 0;
    for (const { kind } of effects) if (kind === 'roster-changed') changesLeft += 1;
    for (const effect of effects) {
      if (effect.kind === 'roster-changed') changesLeft -= 1;
      this.#perform(effect, group, changesLeft === 0);
      if (effect.kind === 'roster-changed' && changesLeft === 0) {
        this.#ports.channels.open(group).sendViewToNewLeader(effect);
      }
    }
  }

  /**
   * A group that does not exist has no channel: what concerns it is sent to the session that asked. `isSettled`: the entry
   * does not change the roster after this effect, so that a view sent now shows one moment.
   */
  #perform(effect: Effect, group: string, isSettled: boolean): void {
    const { sessions, channels, membership, commands } = this.#ports;
    switch (effect.kind) {
      case 'turned-away':
        return sessions.get(effect.session)?.end(effect.code, effect.detail, this.#ports.retryAfterMs);
      case 'replaced':
        return sessions.get(effect.session)?.end('REPLACED');
      case 'removed':
        return sessions.get(effect.session)?.end('REMOVED', effect.reason);
      case 'admin-receipt':
        return this.#sendAdminReceipt(effect, isSettled);
      case 'welcomed':
        return membership.welcome(effect, channels.open(group));
      case 'waiting':
        return membership.enterWaitlist(effect, channels.open(group));
      case 'roster-changed':
        return membership.recordChange(effect, channels.open(group));
      case 'departed':
        return membership.reportDeparture(effect, channels.open(group));
      case 'grace':
        return membership.awaitGraceEnd(effect, group);
      case 'ask-to-stop':
        return this.#ports.leaderYield.requestYield(group, effect);
      case 'released':
        return this.#releaseLeader(effect);
      case 'reassure':
        return this.#reassureLeader(effect.session, group);
      case 'receipt':
        return commands.sendReceipt(effect, group);
      case 'deliver':
        return channels.open(group).deliverCommand(effect);
      case 'deadline':
        return commands.awaitDeadline(effect, channels.open(group));
      case 'result-refused':
        return sessions.get(effect.to)?.sendMessage(errorMessage(effect.code, effect.seq));
      case 'recipient-ended':
        return commands.sendResult(effect);
      case 'outcome':
        return commands.sendOutcome(effect, channels.open(group));
      default:
        return assertNever(effect);
    }
  }

  #sendAdminReceipt(effect: AdminReceiptEffect, isSettled: boolean): void {
    const session = this.#ports.sessions.get(effect.to);
    if (session === undefined) return;
    const frame = encodeFrame(adminReceipt(effect));
    if (isSettled) this.#ports.channels.sendInOrder(session, frame);
    else session.sendFrame(frame);
  }

  /** R-LEAD-2: the order does not need it to stop any more. */
  #releaseLeader({ session: id }: ReleasedEffect): void {
    const session = this.#ports.sessions.get(id);
    if (session?.state.phase !== 'active') return;
    session.state.yielding = this.#ports.stalenessGuard.isStale ? 'log-stale' : 'no';
  }

  /** A leader that waits for the log has to go on waiting. */
  #reassureLeader(id: SessionId, group: string): void {
    const session = this.#ports.sessions.get(id);
    if (session?.state.phase === 'active' && session.state.yielding === 'no') {
      this.#ports.channels.open(group).reassureLeader(session);
    }
  }
}
