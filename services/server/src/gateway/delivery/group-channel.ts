import type { DeliverEffect, Group, RankRange, RosterChangedEffect } from '../../core/index.js';
import type { CommandFrames } from '../frames/command-frames.js';
import type { Session } from '../session/session.js';
import type { FanOut } from './fan-out.js';
import type { FlushQueue } from './flush-cycle.js';
import type { ViewSender } from './view-sender.js';
import type { WaitlistPositions } from './waitlist-positions.js';

export interface GroupChannelPorts {
  readonly views: ViewSender;
  readonly waitlist: WaitlistPositions;
  readonly fanOut: FanOut;
  readonly commandFrames: Pick<CommandFrames, 'encodeCommand'>;
  /** The channels that have something to send at the end of the cycle. */
  readonly pendingChannels: Pick<FlushQueue<GroupChannel>, 'add'>;
}

/**
 * What this server has to send to its sessions of one group. Decides the order of views, commands and receipts (R-VIEW-3): a
 * session gets the view that it has yet to be sent before any frame that follows from that view, and otherwise at the end of
 * the cycle. FanOut and Outbox keep the order that is decided here.
 */
export class GroupChannel {
  readonly group: Group;
  readonly views: ViewSender;
  readonly fanOut: FanOut;
  readonly #ports: GroupChannelPorts;

  constructor(group: Group, ports: GroupChannelPorts) {
    this.group = group;
    this.views = ports.views;
    this.fanOut = ports.fanOut;
    this.#ports = ports;
  }

  /** The roster has changed. Commands that are under way go to the sessions that had the ranks before. */
  recordChange(change: RosterChangedEffect): void {
    this.fanOut.prepareRankChange();
    this.views.recordChange(change);
    this.#ports.pendingChannels.add(this);
  }

  recordWaitlistChange(): void {
    this.#ports.waitlist.recordChange();
    this.#ports.pendingChannels.add(this);
  }

  /** Each recipient gets the view that the command names, with its rank in it, before the command. */
  sendCommand(effect: DeliverEffect): void {
    if (this.views.hasUnsent) this.#sendViewsTo(effect.ranges);
    this.fanOut.sendCommand(this.#ports.commandFrames.encodeCommand(effect), effect);
    if (this.fanOut.pendingCount > 0) this.#ports.pendingChannels.add(this);
  }

  #sendViewsTo(ranges: readonly RankRange[]): void {
    const recipients = this.fanOut.recipientsByRank();
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = recipients[rank];
        if (session !== undefined) this.views.sendPending(session);
      }
    }
  }

  /** Sends a frame that follows from the newest view: a receipt, a `yield`, the roster. */
  sendInOrder(session: Session, frame: string): void {
    if (this.views.hasUnsent) this.views.sendPending(session);
    session.sendFrame(frame);
  }

  /** Sends the receipt of a move or a removal in order. Amid the changes of one entry, the view comes behind the receipt. */
  sendAdminReceipt(session: Session, frame: string): void {
    if (this.views.isSettled) this.sendInOrder(session, frame);
    else session.sendFrame(frame);
  }

  /** Sends every session what it has yet to be sent of changes, once. */
  sendUpdates(): void {
    this.views.sendAllPending();
    this.#ports.waitlist.sendChanged();
  }

  /** Called at the end of a cycle: sends everything that waits. */
  flush(): void {
    this.sendUpdates();
    this.fanOut.writeBatches();
  }
}
