/** A group channel: what a server has to send to its own sessions of one group. */

import type { DeliverEffect, Group, RankRange, RosterChangedEffect } from '../../core/index.js';
import type { CommandFrames } from '../frames/command-frames.js';
import type { Session } from '../session/session.js';
import type { FanOut } from './fan-out.js';
import type { FlushQueue } from './flush-cycle.js';
import type { ViewSender } from './view-sender.js';
import type { WaitlistPositions } from './waitlist-positions.js';

/** The parts of the gateway that GroupChannel uses. */
export interface GroupChannelPorts {
  readonly views: ViewSender;
  readonly waitlist: WaitlistPositions;
  readonly fanOut: FanOut;
  readonly commandFrames: Pick<CommandFrames, 'encodeCommand'>;
  /** The channels that have frames to send at the end of the cycle. */
  readonly pendingChannels: Pick<FlushQueue<GroupChannel>, 'add'>;
}

/**
 * Decides the order of views, commands and receipts of one group (R-VIEW-3). A session gets the view that it has not received yet before
 * any frame that follows from that view. Without such a frame, it gets the view at the end of the cycle. FanOut and Outbox keep this order.
 */
export class GroupChannel {
  readonly group: Group;
  readonly views: ViewSender;
  readonly fanOut: FanOut;
  readonly #ports: GroupChannelPorts;
  /** All sessions whose members have the rank `from` or a larger one have received their views up to the view `view`. */
  #served = { view: 0, from: 0 };

  constructor(group: Group, ports: GroupChannelPorts) {
    this.group = group;
    this.views = ports.views;
    this.fanOut = ports.fanOut;
    this.#ports = ports;
  }

  /** Records a change of the roster. Pending commands go to the sessions that had the ranks before. */
  recordChange(change: RosterChangedEffect): void {
    this.fanOut.prepareRankChange();
    this.views.recordChange(change);
    this.#ports.pendingChannels.add(this);
  }

  /** Records that positions on the waitlist have changed. */
  recordWaitlistChange(): void {
    this.#ports.waitlist.recordChange();
    this.#ports.pendingChannels.add(this);
  }

  /** Sends a command to its recipients. Each recipient gets the view that the command names first (R-VIEW-3). */
  sendCommand(effect: DeliverEffect): void {
    if (this.views.hasUnsent) this.#sendViewsTo(effect.ranges);
    this.fanOut.sendCommand(this.#ports.commandFrames.encodeCommand(effect), effect);
    if (this.fanOut.pendingCount > 0) this.#ports.pendingChannels.add(this);
  }

  /**
   * Sends the recipients their views, unless `#served` shows that they have them. Many commands may follow one held view (R-JOIN-1), and
   * not every command should visit all recipients.
   */
  #sendViewsTo(ranges: readonly RankRange[]): void {
    const { view, roster } = this.group;
    const first = ranges[0];
    if (first === undefined || (this.#served.view === view && this.#served.from <= first.from)) return;
    const recipients = this.fanOut.recipientsByRank();
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = recipients[rank];
        if (session !== undefined) this.views.sendPending(session);
      }
    }
    if (first.to === roster.size) this.#served = { view, from: first.from };
  }

  /** Sends a frame that follows from the newest view: a receipt, a `yield` or the roster. */
  sendInOrder(session: Session, frame: string): void {
    if (this.views.hasUnsent) this.views.sendPending(session);
    session.sendFrame(frame);
  }

  /**
   * Sends the receipt of a move or a removal. The group may already have changes of the same entry that are not performed yet. A view would
   * then be wrong, so the receipt comes before the view.
   */
  sendAdminReceipt(session: Session, frame: string): void {
    if (this.views.isSettled) this.sendInOrder(session, frame);
    else session.sendFrame(frame);
  }

  /** Sends every session the view and the waitlist position that it has not received yet. */
  sendUpdates(): void {
    this.views.sendAllPending();
    this.#ports.waitlist.sendChanged();
  }

  /** Stops the timer of held views. Called when the group has no session on this server any longer. */
  close(): void {
    this.views.stopSizeTimer();
  }

  /** Sends everything that waits. Called at the end of a cycle. */
  flush(): void {
    this.sendUpdates();
    this.fanOut.writeBatches();
  }
}
