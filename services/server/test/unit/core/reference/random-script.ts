import {
  type Administrator,
  type Entry,
  type GroupEntry,
  type GroupLimits,
  isServedBy,
  type JoinedEntry,
  type Target,
} from '../../../../src/core/index.js';
import { AbsenceTimes } from './absence-times.js';
import * as entries from './entries.js';
import type { PlainEffect } from './plain-effect.js';
import type { Step, StepOf } from './random-steps.js';

/** Turns each random step into an entry that fits the state after the entries before it. */

const GROUPS = ['default', 'blue', 'green'];
const SERVERS = ['east', 'west', 'north'];
const NAMES = ['ann', 'bob', 'cy', 'nobody-bears-this'];
const ZONES = ['east', 'west', 'nowhere'];
const WAYS = { goodbye: entries.goodbye, lost: entries.lost, ended: entries.ended };

/** Small, so that random scripts reach every limit often. */
export const SCRIPT_RULES: GroupLimits = entries.rulesOf({
  membersMax: 6,
  waitlistMax: 2,
  groupsMax: 2,
  commandsOpenMax: 2,
  awaitedMax: 1_000_000_000,
  commandsPerSecond: 3,
  deadlineMsMax: 1000,
  refusedMax: 2,
  missingMax: 2,
  historyMax: 7,
  suspendMs: 300,
  graceMs: 200,
  graceLeaderMs: 120,
  reformMs: 250,
  graceServerMs: 270,
});

export const EPOCH_LAST = 1010;

/** A member or waiting newcomer, with its sessions. The secret of each session is named after the session. */
interface Known {
  readonly id: string;
  readonly group: string;
  readonly sessions: string[];
  n: number;
}

interface Given {
  readonly group: string;
  readonly epoch: number;
  readonly seq: number;
  readonly recipients: readonly string[];
}

interface Ask {
  readonly group: string;
  readonly member: string;
  readonly ask: number;
}

/** The element `count` places from the end, modulo the length; undefined for an empty list. */
const latest = <T>(items: readonly T[], count: number): T | undefined => items.at(-1 - (count % items.length));

export class Script {
  readonly #entries: Entry[] = [];
  readonly #members: Known[] = [];
  readonly #given: Given[] = [];
  readonly #asks: Ask[] = [];
  readonly #waiting: { readonly group: string; readonly session: string }[] = [];
  readonly #epochs = new Map<string, number>();
  readonly #absences = new AbsenceTimes();
  readonly #lastAbsences = new Map<string, number>();
  readonly #gone = new Set<string>();
  #admin = 0;
  #adminCommands = 0;
  #admissions = 0;
  #adminAsks = 0;
  #at = 1000;

  /** Returns undefined if no member or command fits the step. */
  entryFor(step: Step): Entry | undefined {
    this.#at += step.afterMs;
    const entry = this.#compose(step);
    if (entry !== undefined) this.#entries.push(entry);
    return entry;
  }

  /** Records what the entry did, for later steps. */
  learn(entry: Entry, effects: readonly PlainEffect[]): void {
    if (entry.kind === 'frozen') return;
    for (const effect of effects) this.#learnOne(entry, effect);
  }

  #learnOne(entry: GroupEntry, effect: PlainEffect): void {
    const { group } = entry;
    switch (effect.kind) {
      case 'roster-changed':
        this.#epochs.set(group, effect.epoch);
        break;
      case 'welcomed':
        this.#known(effect.member, group).sessions.push(effect.session);
        break;
      case 'waiting':
        this.#waiting.push({ group, session: effect.session });
        break;
      case 'departed':
        this.#gone.add(effect.member);
        break;
      case 'turned-away':
        if (entry.kind === 'joined') this.#gone.add(entry.newcomer.id);
        break;
      case 'grace':
        // Begins to measure the absence.
        this.#absences.elapsedMs(effect.member, effect.absence ?? 0, this.#at);
        this.#lastAbsences.set(effect.member, effect.absence ?? 0);
        break;
      case 'ask-to-stop':
        this.#asks.push({ group, member: effect.member, ask: effect.ask });
        break;
      case 'deliver': {
        const { seq, recipients } = effect;
        this.#given.push({ group, epoch: this.#epochs.get(group) ?? 0, seq, recipients });
        break;
      }
      default:
        break;
    }
  }

  #known(id: string, group: string): Known {
    const found = this.#members.find(member => member.id === id);
    if (found !== undefined) return found;
    const added = { id, group, sessions: [], n: 1 };
    this.#members.push(added);
    return added;
  }

  #compose(step: Step): Entry | undefined {
    const at = this.#at;
    switch (step.kind) {
      case 'joined':
        return this.#join(step);
      case 'confirmed':
        return this.#about(step, ({ id, group }, session) => entries.confirmed(id, session, { group, at }));
      case 'waiting-left':
        return this.#stopWaiting(step.which);
      case 'departed':
        return this.#depart(step);
      case 'grace-ended':
        return this.#endGrace(step);
      case 'stopped':
        return this.#stop(step);
      case 'resigned':
        return this.#about(step, ({ id, group }, session) => entries.resigned(id, { group, at, session }));
      case 'administered':
        return this.#administer(step);
      case 'admin-gone':
        return this.#adminGone(step.group);
      case 'command':
        return this.#command(step);
      case 'result':
        return this.#result(step);
      case 'expired':
        return this.#expire(step);
      case 'restored':
        return this.#restore(step);
      case 'server-gone':
        return this.#serverGone(step);
      case 'replayed':
        return this.#replay(step.which);
      case 'frozen':
        return entries.frozen();
    }
  }

  #about<T extends GroupEntry>(
    step: { readonly who: number; readonly isGone: boolean; readonly ofSession?: 'latest' | 'earlier' },
    make: (member: Known, session: string) => T,
  ): T | undefined {
    const members = this.#members.filter(({ id }) => this.#gone.has(id) === step.isGone);
    const member = members[step.who % members.length];
    if (member === undefined) return undefined;
    return make(member, member.sessions.at(step.ofSession === 'earlier' ? -2 : -1) ?? 'no-session');
  }

  #depart(step: StepOf<'departed'>): Entry | undefined {
    const { how, mayActMs } = step;
    return this.#about(step, ({ id, group }, session) => WAYS[how](id, { group, at: this.#at, session, mayActMs }));
  }

  #join(step: StepOf<'joined'>): Entry {
    this.#admissions += 1;
    const id = `m${this.#admissions}`;
    const tags = { zone: ZONES[step.zone] ?? '', shape: 'round' };
    const session = `${SERVERS[this.#admissions % SERVERS.length] ?? ''}/${entries.sessionNamed(id)}`;
    const fresh = entries.newcomer(id, { name: NAMES[step.name] ?? '', tags, session });
    const claim = step.claim === 'none' ? undefined : this.#claim(step);
    const group = claim?.group ?? GROUPS[step.group] ?? 'default';
    return entries.joined(id, { group, at: this.#at, newcomer: fresh, resume: claim?.resume });
  }

  #claim(step: StepOf<'joined'>): { group: string; resume: JoinedEntry['resume'] } | undefined {
    return this.#claimBy(step, ({ id: member, group, sessions }) => {
      const back = { right: -1, earlier: -2, oldest: 0, wrong: 99 }[step.claim === 'none' ? 'wrong' : step.claim];
      const session = sessions.at(back) ?? '';
      // A restored seat has a secret that is named after its member.
      const secretHash = session === '' && step.claim !== 'wrong' ? entries.hashNamed(member) : hashOfSession(session);
      return { group, resume: { member, secretHash } };
    });
  }

  #claimBy<T>(step: StepOf<'joined'>, make: (member: Known) => T): T | undefined {
    const members = this.#members.filter(({ id }) => this.#gone.has(id) === step.isGone);
    const member = members[step.who % members.length];
    return member && make(member);
  }

  #stopWaiting(which: number): Entry | undefined {
    const waiting = latest(this.#waiting, which);
    return waiting && entries.waitingLeft(waiting.session, { group: waiting.group, at: this.#at });
  }

  #endGrace({ who, isGone, isForeign }: StepOf<'grace-ended'>): Entry | undefined {
    return this.#about({ who, isGone }, ({ id, group }) => {
      const epoch = (this.#epochs.get(group) ?? 0) + (isForeign ? 1 : 0);
      const absence = this.#lastAbsences.get(id) ?? 0;
      const ms = this.#absences.elapsedMs(id, absence, this.#at);
      return entries.graceEnded(id, this.#at, { group, epoch, absence, ms });
    });
  }

  #stop(step: StepOf<'stopped'>): Entry | undefined {
    const asked = latest(this.#asks, step.which);
    if (asked === undefined) return undefined;
    const { group, member } = asked;
    const epoch = (this.#epochs.get(group) ?? 0) + (step.isForeign ? 1 : 0);
    const ask = step.ofAsk === 'it' ? asked.ask : asked.ask - 1;
    return entries.stopped(member, { group, at: this.#at, epoch, ask, evidence: step.evidence });
  }

  #by(): Administrator {
    return { session: `west/session-of-admin${this.#admin}`, id: `admin${this.#admin}`, name: 'root' };
  }

  #administer(step: StepOf<'administered'>): Entry | undefined {
    this.#adminAsks += 1;
    const id = `ask${this.#adminAsks}`;
    return this.#about(step, ({ id: member, group }) => {
      const own = { group, at: this.#at, by: this.#by() };
      return step.action === 'move'
        ? entries.moved(id, member, step.rank, own)
        : entries.removed(id, member, { ...own, reason: 'old' });
    });
  }

  #adminGone(group: number): Entry {
    const { session } = this.#by();
    this.#admin += 1;
    return entries.adminGone(session, { group: GROUPS[group] ?? 'default', at: this.#at });
  }

  #serverGone({ group, server }: StepOf<'server-gone'>): Entry {
    const id = SERVERS[server] ?? '';
    this.#leaveBehind(id);
    return entries.serverGone(id, { group: GROUPS[group] ?? 'default', at: this.#at });
  }

  /** The administrators of a departed server send nothing more. */
  #leaveBehind(server: string): void {
    if (isServedBy(this.#by().session, server)) this.#admin += 1;
  }

  #command(step: StepOf<'command'>): Entry | undefined {
    const { deadlineMs, reply } = step;
    return this.#about(step, (sender, session) => {
      const { id, group } = sender;
      const own = { group, at: this.#at, id: `c${step.id}`, deadlineMs, reply, payload: `"by ${id}"` };
      const target = this.#target(step.target, step.aim);
      if (step.byAdmin) {
        this.#adminCommands += 1;
        const from = { kind: 'admin', ...this.#by() } as const;
        return entries.adminCommand(this.#adminCommands, { ...own, target, from });
      }
      sender.n += step.ahead;
      return entries.command(id, sender.n, { ...own, target, session });
    });
  }

  #target(kind: Target['kind'], aim: readonly number[]): Target {
    switch (kind) {
      case 'below':
      case 'all':
        return { kind };
      case 'ranks':
        return { kind, ranks: aim };
      case 'members':
        return { kind, members: aim.map(each => (each === 8 ? 'unknown' : (latest(this.#members, each)?.id ?? ''))) };
      case 'names':
        return { kind, names: aim.map(each => NAMES[each % NAMES.length] ?? '') };
      case 'tags':
        return {
          kind,
          tags: Object.fromEntries(aim.slice(0, 1).map(each => ['zone', ZONES[each % ZONES.length] ?? ''])),
        };
    }
  }

  #result(step: StepOf<'result'>): Entry | undefined {
    const given = latest(this.#given, step.which);
    if (given === undefined) return undefined;
    const { group, epoch, seq, recipients } = given;
    const id =
      (step.from === 'anyone' ? undefined : latest(recipients, step.who)) ?? latest(this.#members, step.who)?.id;
    const member = this.#members.find(each => each.id === id);
    const session = member?.sessions.at(step.ofSession === 'earlier' ? -2 : -1) ?? 'no-session';
    const error = step.status === 'done' ? undefined : { code: 'NO_HANDLER' };
    const [odd, other] = [step.fault === 'epoch' ? epoch - 1 : epoch, step.fault === 'seq' ? seq + 50 : seq];
    const said = { group, at: this.#at, session, status: step.status, error, payload: '1' };
    return entries.result(id ?? '', odd, other, said);
  }

  #expire(step: StepOf<'expired'>): Entry | undefined {
    const given = latest(this.#given, step.which);
    if (given === undefined) return undefined;
    const { group, epoch, seq } = given;
    return entries.expired(step.isForeign ? epoch + 1 : epoch, seq, { group, at: this.#at });
  }

  /** R-VIEW-6: an order from before a restart, with ids of its own. */
  #restore({ slots, group: index }: StepOf<'restored'>): Entry {
    const group = GROUPS[index] ?? 'default';
    const seats = slots.map(slot => {
      this.#admissions += 1;
      const id = `kept${this.#admissions}`;
      this.#known(id, group);
      return entries.keptSeat(id, slot + 10 * this.#admissions, { name: NAMES[slot % 3] ?? '' });
    });
    return entries.restored(seats, { group, at: this.#at });
  }

  /** An id is never used again (Terms), so no log contains a second join of a departed or rejected member. */
  #replay(which: number): Entry | undefined {
    const old = latest(this.#entries, which);
    if (old === undefined || NOT_REPLAYED.has(old.kind)) return undefined;
    if (old.kind === 'command' && old.from.kind === 'admin') return undefined;
    if (old.kind === 'server-gone') this.#leaveBehind(old.server);
    if (old.kind !== 'joined') return old;
    const { id, session } = old.newcomer;
    const hasGone = this.#gone.has(id) || this.#waiting.some(waiting => waiting.session === session);
    return hasGone || old.resume !== undefined ? undefined : old;
  }
}

/** The core applies each of these once: a later time, it would have another meaning. */
const NOT_REPLAYED: ReadonlySet<Entry['kind']> = new Set(['restored', 'moved', 'removed', 'resigned']);

function hashOfSession(session: string): string {
  return entries.hashNamed(session.replace(/^.*\//, '').replace(entries.sessionNamed(''), ''));
}
