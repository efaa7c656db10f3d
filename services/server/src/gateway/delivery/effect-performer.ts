/** Performs the effects of the core: the step from an applied entry to frames. */

import { assertNever } from '@rankd/protocol';
import type { Effect } from '../../core/index.js';
import type { AppliedListener } from '../../log/ordered-log.js';
import type { AnswerEffects } from './answer-effects.js';
import type { EventReporter } from './event-reporter.js';
import type { GroupChannels } from './group-channels.js';
import type { LeadershipEffects } from './leadership-effects.js';
import type { MembershipEffects } from './membership-effects.js';

/** The parts of the gateway that perform effects. */
export interface EffectPerformerPorts {
  readonly channels: Pick<GroupChannels, 'open'>;
  readonly membership: MembershipEffects;
  readonly leadership: LeadershipEffects;
  readonly commands: AnswerEffects;
  readonly events: Pick<EventReporter, 'setOrigin'>;
}

/** Passes each effect to the part that performs it for the sessions of this server. Decides nothing. */
export class EffectPerformer {
  readonly #ports: EffectPerformerPorts;

  constructor(ports: EffectPerformerPorts) {
    this.#ports = ports;
  }

  /** The log calls this for each entry that it has applied. */
  readonly performEntry: AppliedListener = (entry, effects, origin) => {
    this.#ports.events.setOrigin(origin);
    if (entry.kind !== 'frozen') this.performEffects(entry.group, effects);
    this.#ports.events.setOrigin('here');
  };

  /** Performs the effects of one group in order. */
  performEffects(group: string, effects: readonly Effect[]): void {
    for (const effect of effects) this.#perform(effect, group);
  }

  /** Performs one effect. A group that does not exist has no channel. The only effects about it are answers to the session that asked. */
  #perform(effect: Effect, group: string): void {
    const { channels, membership, leadership, commands } = this.#ports;
    switch (effect.kind) {
      case 'deliver':
        return channels.open(group).sendCommand(effect);
      case 'receipt':
        return commands.sendReceipt(effect, group);
      case 'admin-receipt':
        return commands.sendAdminReceipt(effect);
      case 'deadline':
        return commands.startDeadline(effect, channels.open(group).group);
      case 'result-refused':
        return commands.refuseResult(effect);
      case 'recipient-ended':
        return commands.sendResult(effect, channels.open(group).group);
      case 'outcome':
        return commands.sendOutcome(effect, channels.open(group).group);
      case 'roster-changed':
        return membership.recordChange(effect, channels.open(group));
      case 'welcomed':
        return membership.welcome(effect, channels.open(group));
      case 'waiting':
        return membership.enterWaitlist(effect, channels.open(group));
      case 'turned-away':
        return membership.turnAway(effect);
      case 'replaced':
        return membership.endReplaced(effect);
      case 'removed':
        return membership.endRemoved(effect);
      case 'departed':
        return membership.reportDeparture(effect, channels.open(group));
      case 'grace':
        return membership.startGrace(effect, group);
      case 'ask-to-stop':
        return leadership.requestYield(effect, group);
      case 'released':
        return leadership.releaseLeader(effect, channels.open(group));
      case 'reassure':
        return leadership.reassureLeader(effect, channels.open(group));
      case 'resignation':
        return leadership.answerResignation(effect, channels.open(group));
      default:
        return assertNever(effect);
    }
  }
}
