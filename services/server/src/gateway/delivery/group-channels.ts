/** The group channels of this server, by group. */

import type { Group } from '../../core/index.js';
import type { Groups } from '../../log/ordered-log.js';
import type { SessionState } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { FlushQueue } from './flush-cycle.js';
import type { GroupChannel } from './group-channel.js';
import { GroupWatchers } from './group-watchers.js';

/** The parts of the gateway that GroupChannels uses. */
export interface GroupChannelsPorts {
  readonly groups: Groups;
  readonly pendingChannels: Pick<FlushQueue<GroupChannel>, 'takeAll'>;
  /** Creates a channel. `watchers` is the set of sessions that watch the group, and changes with it. */
  readonly createChannel: (group: Group, watchers: GroupWatchers) => GroupChannel;
}

/** The channels of the groups of this server's sessions, and the sessions that watch each group. */
export class GroupChannels {
  readonly #ports: GroupChannelsPorts;
  readonly #channels = new Map<string, GroupChannel>();
  /** The watching sessions by group. A watched group possibly does not exist. */
  readonly #watchers = new Map<string, GroupWatchers>();

  constructor(ports: GroupChannelsPorts) {
    this.#ports = ports;
  }

  /** The number of observers of all groups. */
  get observerCount(): number {
    let count = 0;
    for (const watchers of this.#watchers.values()) count += watchers.observerCount;
    return count;
  }

  /**
   * Returns the channel of a group. Creates it if it is not open.
   * @throws Error if there never was such a group.
   */
  open(name: string): GroupChannel {
    const group = this.#ports.groups.get(name);
    const channel = this.#channels.get(name);
    // A group that has lost its last member is deleted, but its channel still has frames to send.
    if (channel !== undefined && (group === undefined || channel.group === group)) return channel;
    if (group === undefined) throw new Error(`there is no group ${name}`);
    // The group was created again before the sessions were sent the last changes of the old one.
    channel?.sendUpdates();
    channel?.close();
    const opened = this.#ports.createChannel(group, this.#watchersOf(name));
    opened.views.resetObservers();
    this.#channels.set(name, opened);
    return opened;
  }

  /** Adds a session that gets views about changes of other members. */
  addWatcher(session: Session, group: string): void {
    this.#watchersOf(group).add(session);
  }

  /** Forgets an ended session. `before` is its last state. */
  removeSession(session: Session, before: SessionState): void {
    if (before.phase === 'greeting' || before.phase === 'closing') return;
    const { group } = before.request;
    this.#watchers.get(group)?.delete(session);
    this.#deleteUnused(group);
  }

  /** Sends a frame to a session, after the view that the session has not received yet (R-VIEW-3). */
  sendInOrder(session: Session, frame: string): void {
    const channel = this.#channelOf(session);
    if (channel === undefined) session.sendFrame(frame);
    else channel.sendInOrder(session, frame);
  }

  /** Sends the receipt of a move or a removal. Works also if the group does not exist. */
  sendAdminReceipt(session: Session, frame: string): void {
    const channel = this.#channelOf(session);
    if (channel === undefined) session.sendFrame(frame);
    else channel.sendAdminReceipt(session, frame);
  }

  /** Sends everything that waits in the channels, and closes the channels of deleted groups. */
  flush(): void {
    for (const channel of this.#ports.pendingChannels.takeAll()) {
      channel.flush();
      const { name } = channel.group;
      const isOver = this.#ports.groups.get(name) !== channel.group;
      if (isOver && this.#channels.get(name) === channel) this.#close(name);
    }
  }

  /** Closes the channels of groups that have no session on this server. Other servers send their frames. */
  closeAll(groups: readonly Group[]): void {
    for (const group of groups) if (this.#channels.get(group.name)?.group === group) this.#close(group.name);
  }

  #channelOf({ state }: Session): GroupChannel | undefined {
    if (state.phase !== 'active' && state.phase !== 'observing') return undefined;
    return this.#channels.get(state.request.group);
  }

  #watchersOf(group: string): GroupWatchers {
    const watchers = this.#watchers.get(group) ?? new GroupWatchers();
    this.#watchers.set(group, watchers);
    return watchers;
  }

  #close(name: string): void {
    this.#channels.get(name)?.close();
    this.#channels.delete(name);
    this.#deleteUnused(name);
  }

  #deleteUnused(group: string): void {
    if (!this.#channels.has(group) && this.#watchers.get(group)?.isEmpty === true) this.#watchers.delete(group);
  }
}
