import type { Group } from '../../core/index.js';
import type { Gateway } from '../gateway.js';
import { GroupChannel } from './group-channel.js';
import type { Session } from '../session/session.js';

/** The groups of which this server has anybody to tell, and who watches them. */
export class GroupChannels {
  readonly #gateway: Gateway;
  readonly #desks = new Map<string, GroupChannel>();
  /** Sessions that watch a group, which need not exist. */
  readonly #watchers = new Map<string, Set<Session>>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  get observerCount(): number {
    let count = 0;
    for (const watchers of this.#watchers.values()) {
      for (const { state } of watchers) if (state.phase === 'observing') count += 1;
    }
    return count;
  }

  /** The channel of a group that stands in the order, opened if it is not open yet. */
  open(name: string): GroupChannel {
    const group = this.#gateway.log.groups.get(name);
    const desk = this.#desks.get(name);
    // A group that has just lost its last member is no longer among the groups, but its desk still is.
    if (desk !== undefined && (group === undefined || desk.group === group)) return desk;
    if (group === undefined) throw new Error(`there is no group ${name}`);
    // The group was created anew before everybody had heard of its end.
    if (desk !== undefined) this.#tellAll(desk);
    const opened = new GroupChannel(group, this.watchersOf(name), this.#gateway);
    opened.beginEpoch();
    this.#desks.set(name, opened);
    return opened;
  }

  watchersOf(group: string): Set<Session> {
    const watchers = this.#watchers.get(group) ?? new Set();
    this.#watchers.set(group, watchers);
    return watchers;
  }

  /** R-VIEW-3: what the session has yet to hear comes before what it is sent next. */
  tell(session: Session): void {
    const { state } = session;
    if (state.phase === 'active' || state.phase === 'observing') this.#desks.get(state.asked.group)?.tell(session);
  }

  /** It watches no more. */
  forget(session: Session, group: string): void {
    this.#watchers.get(group)?.delete(session);
    this.#forgetWatchers(group);
  }

  /** Everybody is brought up to date; a group that is over leaves nothing behind. */
  settle(desk: GroupChannel): void {
    this.#tellAll(desk);
    desk.deliveries.send();
    const { name } = desk.group;
    const isOver = this.#gateway.log.groups.get(name) !== desk.group;
    if (!isOver || this.#desks.get(name) !== desk) return;
    this.#desks.delete(name);
    this.#forgetWatchers(name);
  }

  /** Nobody here is in it, and nobody watches it; what becomes of it, other servers tell. */
  leave(group: Group): void {
    const desk = this.#desks.get(group.name);
    if (desk?.group !== group) return;
    desk.close();
    this.#desks.delete(group.name);
    this.#forgetWatchers(group.name);
  }

  /** A group that nobody is in and nobody watches leaves nothing behind. */
  #forgetWatchers(group: string): void {
    if (!this.#desks.has(group) && this.#watchers.get(group)?.size === 0) this.#watchers.delete(group);
  }

  #tellAll(desk: GroupChannel): void {
    const { promotions, delayMs } = desk.tellAll(this.#gateway.clock.monotonicMs());
    if (promotions.length === 0) return;
    const { name: group, view } = desk.group;
    this.#gateway.watch({ event: 'members.promoted', group, view, promotions, delayMs });
  }
}
