import type { Group } from '../../core/index.js';
import type { Groups } from '../../log/ordered-log.js';
import type { SessionState } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { FlushQueue } from './flush-cycle.js';
import type { GroupChannel } from './group-channel.js';

export interface GroupChannelsPorts {
  readonly groups: Groups;
  readonly pendingChannels: Pick<FlushQueue<GroupChannel>, 'takeAll'>;
  /** `watchers`: the sessions that watch the group, now and later. */
  readonly createChannel: (group: Group, watchers: Set<Session>) => GroupChannel;
}

/** The channels of all groups that concern this server's sessions, and the sessions that watch a group. */
export class GroupChannels {
  readonly #ports: GroupChannelsPorts;
  readonly #channels = new Map<string, GroupChannel>();
  /** A watched group need not exist. */
  readonly #watchers = new Map<string, Set<Session>>();

  constructor(ports: GroupChannelsPorts) {
    this.#ports = ports;
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
    const group = this.#ports.groups.get(name);
    const channel = this.#channels.get(name);
    // A group that has just lost its last member is no longer among the groups, but its channel still is.
    if (channel !== undefined && (group === undefined || channel.group === group)) return channel;
    if (group === undefined) throw new Error(`there is no group ${name}`);
    // The group was created again before every session was sent its end.
    channel?.sendUpdates();
    const opened = this.#ports.createChannel(group, this.#watchersOf(name));
    opened.views.resetObservers();
    this.#channels.set(name, opened);
    return opened;
  }

  addWatcher(session: Session, group: string): void {
    this.#watchersOf(group).add(session);
  }

  /** A session that has ended watches no group. `before`: its last state. */
  removeSession(session: Session, before: SessionState): void {
    if (before.phase === 'greeting' || before.phase === 'closing') return;
    const { group } = before.request;
    this.#watchers.get(group)?.delete(session);
    this.#deleteUnused(group);
  }

  /** R-VIEW-3: sends a frame to a session of any group, behind the view that it has yet to be sent. */
  sendInOrder(session: Session, frame: string): void {
    const channel = this.#channelOf(session);
    if (channel === undefined) session.sendFrame(frame);
    else channel.sendInOrder(session, frame);
  }

  /** Sends the receipt of a move or a removal. A group that does not exist has no channel. */
  sendAdminReceipt(session: Session, frame: string): void {
    const channel = this.#channelOf(session);
    if (channel === undefined) session.sendFrame(frame);
    else channel.sendAdminReceipt(session, frame);
  }

  /** Sends what waits in every channel. The channel of a group that is over is closed after that. */
  flush(): void {
    for (const channel of this.#ports.pendingChannels.takeAll()) {
      channel.flush();
      const { name } = channel.group;
      const isOver = this.#ports.groups.get(name) !== channel.group;
      if (isOver && this.#channels.get(name) === channel) this.#close(name);
    }
  }

  /** Closes the channels of groups without a session here: other servers send what becomes of them. */
  closeAll(groups: readonly Group[]): void {
    for (const group of groups) if (this.#channels.get(group.name)?.group === group) this.#close(group.name);
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

  #close(name: string): void {
    this.#channels.delete(name);
    this.#deleteUnused(name);
  }

  #deleteUnused(group: string): void {
    if (!this.#channels.has(group) && this.#watchers.get(group)?.size === 0) this.#watchers.delete(group);
  }
}
