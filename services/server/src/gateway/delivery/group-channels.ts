import type { Group } from '../../core/index.js';
import type { Groups } from '../../log/ordered-log.js';
import type { Session } from '../session/session.js';
import { GroupChannel, type GroupChannelPorts } from './group-channel.js';

export interface GroupChannelsPorts extends Omit<GroupChannelPorts, 'channels'> {
  readonly groups: Groups;
}

/** The channels of all groups that concern this server's sessions, and the sessions that watch a group. */
export class GroupChannels {
  readonly #groups: Groups;
  readonly #channelPorts: GroupChannelPorts;
  readonly #channels = new Map<string, GroupChannel>();
  /** A watched group need not exist. */
  readonly #watchers = new Map<string, Set<Session>>();

  constructor(ports: GroupChannelsPorts) {
    this.#groups = ports.groups;
    this.#channelPorts = { ...ports, channels: this };
  }

  get observerCount(): number {
    let count = 0;
    for (const watchers of this.#watchers.values()) {
      for (const { state } of watchers) if (state.phase === 'observing') count += 1;
    }
    return count;
  }

  /** The channel of a group, opened if it is not open yet. Throws if there never was such a group. */
  open(name: string): GroupChannel {
    const group = this.#groups.get(name);
    const channel = this.#channels.get(name);
    // A group that has just lost its last member is no longer among the groups, but its channel still is.
    if (channel !== undefined && (group === undefined || channel.group === group)) return channel;
    if (group === undefined) throw new Error(`there is no group ${name}`);
    // The group was created again before every session was sent its end.
    channel?.sendUpdates();
    const opened = new GroupChannel(group, this.#watchersOf(name), this.#channelPorts);
    opened.resetObservers();
    this.#channels.set(name, opened);
    return opened;
  }

  addWatcher(session: Session, group: string): void {
    this.#watchersOf(group).add(session);
  }

  removeWatcher(session: Session, group: string): void {
    this.#watchers.get(group)?.delete(session);
    this.#deleteUnused(group);
  }

  /** R-VIEW-3: sends a frame to a session of any group, behind the view that it has yet to be sent. */
  sendInOrder(session: Session, frame: string): void {
    const channel = this.#channelOf(session);
    if (channel === undefined) session.sendFrame(frame);
    else channel.sendInOrder(session, frame);
  }

  /** A group that is over leaves nothing behind. */
  removeIfOver(channel: GroupChannel): void {
    const { name } = channel.group;
    const isOver = this.#groups.get(name) !== channel.group;
    if (isOver && this.#channels.get(name) === channel) this.#remove(name);
  }

  /** For groups without a session here: what becomes of them, other servers send. */
  closeAll(groups: readonly Group[]): void {
    for (const group of groups) {
      const channel = this.#channels.get(group.name);
      if (channel?.group !== group) continue;
      channel.cancelDeadlines();
      this.#remove(group.name);
    }
  }

  #channelOf({ state }: Session): GroupChannel | undefined {
    if (state.phase !== 'active' && state.phase !== 'observing') return undefined;
    return this.#channels.get(state.request.group);
  }

  #watchersOf(group: string): Set<Session> {
    const watchers = this.#watchers.get(group) ?? new Set();
    this.#watchers.set(group, watchers);
    return watchers;
  }

  #remove(name: string): void {
    this.#channels.delete(name);
    this.#deleteUnused(name);
  }

  #deleteUnused(group: string): void {
    if (!this.#channels.has(group) && this.#watchers.get(group)?.size === 0) this.#watchers.delete(group);
  }
}
