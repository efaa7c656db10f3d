import {
  Coordinator,
  type Effect,
  type Entry,
  type Group,
  type GroupEntry,
  type GroupLimits,
  type LastSeen,
  lastSeenAfter,
  type Member,
  type Reply,
  sessionOf,
  type Target,
  ViewUpdates,
} from '../../../../src/core/index.js';
import { AbsenceTimes } from '../reference/absence-times.js';
import * as entries from '../reference/entries.js';
import { changeInWords, inWords } from './scenario-words.js';

/**
 * Runs a scenario. Each line of the script is a verb with its words, and the returned lines form the transcript.
 * Sessions are named `ann#1`, `ann#2`, and each secret after its session; the member of a first session is named `ann`.
 * Time passes only by `wait`, which runs every timer that expires.
 */

interface Timer {
  readonly at: number;
  readonly what: string;
  readonly entry: (at: number) => Entry;
}

interface SentViews {
  readonly updates: ViewUpdates;
  /** The last view that each member received, with the session that received it. */
  readonly bySession: Map<Member, { readonly session: string; lastSeen: LastSeen }>;
}

type Verb = (words: string[], fixture: ScenarioFixture) => string[];

/** Whether `reply each` is among the words; removes it from them. */
function option(words: string[], name: string): string | undefined {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words.splice(at, 2)[1];
}

const split = (list: string): string[] => list.split(',').filter(each => each !== '');

function targetOf(words: readonly string[]): Target {
  const [kind = 'below', list = ''] = words;
  switch (kind) {
    case 'below':
    case 'all':
      return { kind };
    case 'ranks':
      return { kind, ranks: split(list).map(Number) };
    case 'members':
      return { kind, members: split(list) };
    case 'names':
      return { kind, names: split(list) };
    case 'tags':
      return { kind, tags: Object.fromEntries(split(list).map(pair => pair.split('='))) as Record<string, string> };
    default:
      throw new Error(`unknown target kind: ${kind}`);
  }
}

const departure =
  (entry: typeof entries.lost, reason: string): Verb =>
  ([name = '', mayActMs = '0'], fixture) => {
    const own = { ...fixture.placed, session: fixture.sessionNamed(name), reason, mayActMs: Number(mayActMs) };
    return fixture.apply(entry(fixture.memberNamed(name), own));
  };

const verbs: Readonly<Record<string, Verb>> = {
  join: ([name = '', tag = ''], fixture) => fixture.join(name, tag),
  resume: ([name = '', by], fixture) => fixture.resume(name, by),
  confirm: ([name = ''], fixture) => {
    const session = fixture.sessionNamed(name);
    return fixture.apply(entries.confirmed(fixture.memberNamed(name), session, fixture.placed));
  },
  leave: departure(entries.goodbye, 'LEFT'),
  close: departure(entries.lost, 'CLOSED'),
  silent: departure(entries.lost, 'HEARTBEAT_TIMEOUT'),
  end: departure(entries.ended, 'SLOW_CONSUMER'),
  unwait: ([session = ''], fixture) => fixture.apply(entries.waitingLeft(session, fixture.placed)),
  command: (words, fixture) => fixture.command(words),
  result: ([name = '', seq = '', status = 'done', code], fixture) => {
    const error = code === undefined ? undefined : { code };
    const said = { ...fixture.placed, session: fixture.sessionNamed(name), status: status as 'done', error };
    return fixture.apply(entries.result(fixture.memberNamed(name), fixture.epoch, Number(seq), said));
  },
  expire: ([seq = ''], fixture) => fixture.apply(entries.expired(fixture.epoch, Number(seq), fixture.placed)),
  resign: ([name = ''], fixture) => {
    const session = fixture.sessionNamed(name);
    return fixture.apply(entries.resigned(fixture.memberNamed(name), { ...fixture.placed, session }));
  },
  move: ([name = '', rank = ''], fixture) =>
    fixture.apply(entries.moved(fixture.nextAsk(), name, Number(rank), fixture.placed)),
  remove: ([name = '', reason], fixture) =>
    fixture.apply(entries.removed(fixture.nextAsk(), name, { ...fixture.placed, reason })),
  stopped: ([name = '', ask], fixture) => {
    const own = { ...fixture.placed, epoch: fixture.epoch, ask: ask === undefined ? fixture.lastAsk : Number(ask) };
    return fixture.apply(entries.stopped(name, own));
  },
  // The client's end of the connection of a leader that was asked to stop has closed.
  closed: ([name = ''], fixture) => {
    const own = { ...fixture.placed, epoch: fixture.epoch, ask: fixture.lastAsk, evidence: 'closed' } as const;
    return fixture.apply(entries.stopped(name, own));
  },
  'admin-gone': (_words, fixture) => fixture.apply(entries.adminGone(entries.ADMIN.session, fixture.placed)),
  wait: ([ms = ''], fixture) => fixture.wait(Number(ms)),
  freeze: (_words, fixture) => fixture.apply({ ...entries.frozen(), at: fixture.placed.at }),
  restore: (words, fixture) => {
    const seats = words.map(word => word.split(':')).map(([id = '', slot = '']) => entries.keptSeat(id, Number(slot)));
    return fixture.apply(entries.restored(seats, fixture.placed));
  },
  again: (_words, fixture) => fixture.again(),
  roster: (_words, fixture) => fixture.roster(),
  history: ([limit = ''], fixture) => fixture.group?.history.last(Number(limit)).map(changeInWords) ?? [],
};

export class ScenarioFixture {
  readonly #coordinator: Coordinator;
  readonly #sentViews = new Map<Group, SentViews>();
  readonly #sessions = new Map<string, string[]>();
  readonly #askedToStop = new Set<string>();
  readonly #absences = new AbsenceTimes();
  #timers: Timer[] = [];
  #last: Entry | undefined;
  #groupName = 'default';
  #now = 1000;
  #asks = 0;
  #commands = 0;
  lastAsk = 0;

  constructor(rules: Partial<GroupLimits>) {
    this.#coordinator = new Coordinator(entries.rulesOf(rules));
  }

  /** Runs one line of the script. `in blue` selects a group; the default group is `default`. */
  play(line: string): string[] {
    const [verb = '', ...words] = line.split(' ');
    this.#groupName = option(words, 'in') ?? 'default';
    const does = verbs[verb];
    if (does === undefined) throw new Error(`unknown verb: ${verb}`);
    const lines = does(words, this);
    return lines.length === 0 ? ['(nothing)'] : lines;
  }

  get placed(): { group: string; at: number } {
    return { group: this.#groupName, at: this.#now };
  }

  get group(): Group | undefined {
    return this.#coordinator.groups.get(this.#groupName);
  }

  get epoch(): number {
    return this.group?.epoch ?? 0;
  }

  nextAsk(): string {
    this.#asks += 1;
    return `a${this.#asks}`;
  }

  /** Returns the member of a session name. `ann#1` may also be the id of a member. */
  memberNamed(name: string): string {
    return this.group?.roster.member(name) === undefined ? (name.split('#')[0] ?? '') : name;
  }

  sessionNamed(name: string): string {
    const member = this.group?.roster.member(name);
    return (member && sessionOf(member)) ?? (name.includes('#') ? name : (this.#sessions.get(name)?.at(-1) ?? ''));
  }

  #newSession(name: string): string {
    const sessions = this.#sessions.get(name) ?? [];
    const session = `${name}#${sessions.length + 1}`;
    this.#sessions.set(name, [...sessions, session]);
    return session;
  }

  join(name: string, tag: string): string[] {
    const session = this.#newSession(name);
    const id = session.endsWith('#1') ? name : session;
    const tags = Object.fromEntries(split(tag).map(pair => pair.split('='))) as Record<string, string>;
    const fresh = entries.newcomer(id, { session, name, tags, secretHash: entries.hashNamed(session) });
    return this.apply(entries.joined(id, { ...this.placed, newcomer: fresh }));
  }

  /** Resumes with the secret of the last session, of the named session or, after a restore, with the kept secret. */
  resume(name: string, by: string | undefined): string[] {
    const shown = by ?? this.#sessions.get(name)?.at(-1) ?? name;
    const session = this.#newSession(name);
    const id = session.endsWith('#1') ? `${name}#1` : session;
    const fresh = entries.newcomer(id, { session, name, secretHash: entries.hashNamed(session) });
    const resume = { member: name, secretHash: entries.hashNamed(shown) };
    return this.apply(entries.joined(id, { ...this.placed, newcomer: fresh, resume }));
  }

  command(words: string[]): string[] {
    this.#commands += 1;
    const deadlineMs = Number(option(words, 'deadline') ?? 5000);
    const reply = (option(words, 'reply') ?? 'outcome') as Reply;
    const [sender = '', id = '', name = '', , ...target] = words;
    const own = { ...this.placed, id, name, target: targetOf(target), deadlineMs, reply };
    if (sender === 'admin') return this.apply(entries.adminCommand(this.#commands, own));
    return this.apply(
      entries.command(this.memberNamed(sender), this.#commands, { ...own, session: this.sessionNamed(sender) }),
    );
  }

  again(): string[] {
    return this.#last === undefined ? [] : this.apply(this.#last);
  }

  roster(): string[] {
    return (this.group?.roster.slice() ?? []).map(
      ({ id, slot, presence }, rank) => `rank ${rank}: ${id}, slot ${slot}, ${presence.kind}`,
    );
  }

  wait(ms: number): string[] {
    const until = this.#now + ms;
    const lines: string[] = [];
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      lines.push(`after ${ms - until + next.at} ms: ${next.what}`);
      this.#now = next.at;
      lines.push(...this.apply(next.entry(next.at)).map(line => `  ${line}`));
    }
    this.#now = until;
    return lines;
  }

  apply(entry: Entry): string[] {
    this.#last = entry;
    const before = entry.kind === 'frozen' ? undefined : this.#coordinator.groups.get(entry.group);
    const effects = this.#coordinator.apply(entry);
    if (entry.kind === 'frozen') return [];
    const group = this.#coordinator.groups.get(entry.group) ?? before;
    const lines = effects.map(effect => {
      this.#schedule(effect, entry);
      return inWords(effect, group);
    });
    return group === undefined ? lines : [...lines, ...this.#sendViews(group, effects)];
  }

  #schedule(effect: Effect, { group }: GroupEntry): void {
    const after = (ms: number, what: string, entry: Timer['entry']): void => {
      this.#timers.push({ at: this.#now + ms, what, entry });
    };
    if (effect.kind === 'grace') {
      const { member, epoch, absence, ms } = effect;
      const claim = { group, epoch, absence, ms };
      const leftMs = this.#absences.leftMs(member, absence, ms, this.#now);
      after(leftMs, `grace of ${member.id}`, at => entries.graceEnded(member.id, at, claim));
    }
    if (effect.kind === 'deadline') {
      const { seq, epoch, deadlineMs } = effect;
      after(deadlineMs, `deadline of seq ${seq}`, at => entries.expired(epoch, seq, { group, at }));
    }
    if (effect.kind !== 'ask-to-stop') return;
    const { member, epoch, ask, absence, waitMs } = effect;
    this.lastAsk = ask;
    after(this.#absences.leftMs(member, absence, waitMs, this.#now), `${member.id} has stopped by ask ${ask}`, at =>
      entries.stopped(member.id, { group, epoch, at, ask, evidence: 'suspended' }),
    );
  }

  /**
   * R-VIEW-2: the view that each session receives. A session that was asked to stop receives its view when it is
   * released.
   */
  #sendViews(group: Group, effects: readonly Effect[]): string[] {
    const sentViews = this.#sentViews.get(group) ?? { updates: new ViewUpdates(group.roster), bySession: new Map() };
    this.#sentViews.set(group, sentViews);
    for (const effect of effects) {
      if (effect.kind === 'roster-changed') sentViews.updates.recordChange(effect);
      if (effect.kind === 'ask-to-stop' && effect.session !== undefined) this.#askedToStop.add(effect.session);
      if (effect.kind === 'released') this.#askedToStop.delete(effect.session);
      if (effect.kind === 'resignation') this.#askedToStop.delete(effect.session);
      if (effect.kind !== 'welcomed') continue;
      const lastSeen = sentViews.updates.lastSeenByWelcome(effect.member, group.view);
      sentViews.bySession.set(effect.member, { session: effect.session, lastSeen });
    }
    return group.roster.slice().flatMap(member => this.#sendView(member, sentViews));
  }

  #sendView(member: Member, { updates, bySession }: SentViews): string[] {
    const session = sessionOf(member);
    const known = bySession.get(member);
    if (session === undefined || known?.session !== session || this.#askedToStop.has(session)) return [];
    const update = updates.updateFor(member, known.lastSeen, 'rank');
    if (update === undefined) return [];
    known.lastSeen = lastSeenAfter(update);
    const { rank = -1, was, size, leader, cause } = update;
    const why = `${cause.member.id} ${cause.kind}`;
    return [`view to ${session}: rank ${rank}, was ${was ?? -1}, of ${size}; ${leader?.id ?? 'nobody'} leads; ${why}`];
  }
}
