import { Group, sessionOf, type GroupEntry, type StoppedEntry } from '../../../../src/core/index.js';
import { AbsenceTimes } from './absence-times.js';
import { agree } from './expect-same.js';
import {
  ended,
  EPOCH,
  goodbye,
  graceEnded,
  joined,
  keptSeat,
  lost,
  moved,
  ofKind,
  removed,
  resigned,
  restored,
  resumed,
  rulesOf,
  sessionNamed,
  stopped,
  type EffectOf,
} from './entries.js';

/**
 * A group and its clients, as R-LEAD-1 sees them. A client acts on rank 0 from the moment at which it receives that
 * rank until it stops. It has stopped when it sent `leave`, when it closed its connection, when it answered an ask,
 * or when suspendMs passed. With a grace period for leaders, a proxy may close the server's end of a connection, and
 * the client acts on. A client reads its frames in order and at any later time. After every entry, only the client of
 * the leader may act.
 */

const RULES = rulesOf({ membersMax: 4, waitlistMax: 2, suspendMs: 40, graceMs: 50, reformMs: 30 });

interface Client {
  readonly member: string;
  readonly session: string;
  acts: boolean;
  /** The last ask before this client became leader. An answer to that ask or an earlier one stops nothing. */
  ledSinceAsk: number;
  /** Asks that the client has not read yet. */
  unread: number[];
  /** The lease is not renewed after this time, so the member does not act after it. */
  suspendsAt: number;
  /** The server has ended the session, and the client has not noticed yet. */
  isEnded: boolean;
}

interface Timer {
  readonly at: number;
  readonly entry: (at: number) => GroupEntry;
}

/** The item at index `which`, modulo the length. */
const pick = <T>(items: readonly T[], which: number): T | undefined => items[which % items.length];

export class Fleet {
  readonly group: Group;
  readonly #hasProxies: boolean;
  readonly #clients = new Map<string, Client>();
  /** How many receipts each request of an administrator has received. */
  readonly #answers = new Map<string, number>();
  /** Sessions that were asked to stop and are not released yet. */
  readonly #asked = new Map<string, number>();
  /** Members whose session the server has ended. */
  readonly #ended = new Set<string>();
  readonly #absences = new AbsenceTimes();
  #timers: Timer[] = [];
  readonly #onTheWay: StoppedEntry[] = [];
  readonly #said: StoppedEntry[] = [];
  #sessions = 0;
  #asks = 0;
  #now = 1000;
  /** Counts cases, to check that the random scripts produce each of them. */
  readonly counts = {
    ...{ handedOver: 0, reassured: 0, stale: 0, byTime: 0, resumedWhileAsked: 0, endedLeader: 0 },
    ...{ proxied: 0, proxiedWhileAsked: 0, resigned: 0, resignedWhileAsked: 0 },
  };

  constructor(graceLeaderMs: number) {
    this.group = new Group('default', EPOCH, { ...RULES, graceLeaderMs });
    this.#hasProxies = graceLeaderMs > 0;
  }

  #fresh(): string {
    this.#sessions += 1;
    return `m${this.#sessions}`;
  }

  get #live(): Client[] {
    return [...this.#clients.values()].filter(({ isEnded }) => !isEnded);
  }

  /** R-VIEW-6: the server was restarted. It does not know when it last received a pong of the first member. */
  restart(count: number): void {
    const ids = Array.from({ length: count }, () => this.#fresh());
    const [first] = ids;
    if (first === undefined) return;
    const suspendsAt = this.#now + RULES.suspendMs;
    const before = { member: first, session: sessionNamed(first), acts: true, suspendsAt, isEnded: true };
    this.#clients.set(before.session, { ...before, ledSinceAsk: 0, unread: [] });
    this.#apply(
      restored(
        ids.map((id, slot) => keptSeat(id, slot)),
        { at: this.#now },
      ),
    );
  }

  join(): void {
    this.#apply(joined(this.#fresh(), { at: this.#now }));
  }

  /** A member resumes, from away or with a second connection. */
  resume(which: number): void {
    const member = pick(this.group.roster.slice(), which);
    if (member === undefined) return;
    const isAsked = this.#asked.has(sessionOf(member) ?? '');
    this.counts.resumedWhileAsked += isAsked ? 1 : 0;
    // A client has only its newest secret, so its earlier sessions no longer act.
    for (const { member: id, session } of this.#clients.values()) if (id === member.id) this.#clients.delete(session);
    this.#apply(resumed(member.id, this.#fresh(), member.secrets.current, this.#now));
  }

  move(which: number, rank: number): void {
    this.#administer(which, (id, member) => moved(id, member, rank, { at: this.#now }));
  }

  remove(which: number): void {
    this.#administer(which, (id, member) => removed(id, member, { at: this.#now }));
  }

  #administer(which: number, entry: (id: string, member: string) => GroupEntry): void {
    const member = pick(this.group.roster.slice(), which);
    if (member === undefined) return;
    const id = `ask ${this.#answers.size + 1}`;
    this.#answers.set(id, 0);
    this.#apply(entry(id, member.id));
  }

  /** The server ends a session. The client notices when it `closes`, or suspends itself. */
  end(which: number): void {
    const client = pick(this.#live, which);
    if (client === undefined) return;
    client.isEnded = true;
    client.suspendsAt = Math.min(client.suspendsAt, this.#now + RULES.suspendMs);
    this.#ended.add(client.member);
    this.counts.endedLeader += client.acts ? 1 : 0;
    this.#apply(ended(client.member, { at: this.#now, session: client.session }));
  }

  depart(which: number, how: 'goodbye' | 'lost'): void {
    const client = pick(this.#live, which);
    if (client === undefined) return;
    const { member, session } = client;
    this.#clients.delete(session);
    const own = { at: this.#now, session };
    this.#apply(how === 'goodbye' ? goodbye(member, own) : lost(member, own));
  }

  /** A proxy closes the server's end of a connection. The client acts until its lease ends. */
  proxyCloses(which: number, restMs: number): void {
    const client = pick([...this.#clients.values()], which);
    if (client === undefined || !this.#hasProxies) return;
    const { member, session } = client;
    const ask = this.#asked.get(session);
    this.counts.proxied += client.acts ? 1 : 0;
    this.counts.proxiedWhileAsked += client.acts && ask !== undefined ? 1 : 0;
    client.suspendsAt = Math.min(client.suspendsAt, this.#now + restMs);
    if (ask !== undefined) this.#onTheWay.push(stopped(member, { ask, evidence: 'closed' }));
    if (client.isEnded) return;
    client.isEnded = true;
    this.#apply(lost(member, { at: this.#now, session, mayActMs: Math.max(0, client.suspendsAt - this.#now) }));
  }

  /** A client reads its oldest ask, stops and sends the answer. */
  answer(which: number): void {
    const client = pick(
      this.#live.filter(({ unread }) => unread.length > 0),
      which,
    );
    const ask = client?.unread.shift();
    if (client === undefined || ask === undefined) return;
    if (ask > client.ledSinceAsk) client.acts = false;
    this.#onTheWay.push(stopped(client.member, { ask }));
  }

  /** R-RESIGN-1: a client stops and resigns. That answers every ask that it has or has not read. */
  resign(which: number): void {
    const client = pick(this.#live, which);
    if (client === undefined) return;
    const { member, session, acts } = client;
    this.counts.resigned += acts ? 1 : 0;
    this.counts.resignedWhileAsked += this.#asked.has(session) ? 1 : 0;
    client.acts = false;
    client.unread = [];
    this.#apply(resigned(member, { at: this.#now, session }));
  }

  /** A client whose session the server has ended notices it and closes its connection. */
  close(which: number): void {
    const client = pick(
      [...this.#clients.values()].filter(({ isEnded }) => isEnded),
      which,
    );
    if (client === undefined) return;
    this.#clients.delete(client.session);
    const ask = this.#asked.get(client.session);
    if (ask !== undefined) this.#onTheWay.push(stopped(client.member, { ask, evidence: 'closed' }));
  }

  /** One of the sent answers arrives, in any order. */
  arrive(which: number): void {
    const [entry] = this.#onTheWay.splice(which % Math.max(1, this.#onTheWay.length), 1);
    if (entry !== undefined) this.#say(entry);
  }

  /** An answer that has already arrived arrives again. */
  repeat(which: number): void {
    const entry = pick(this.#said, which);
    if (entry !== undefined) this.#say(entry);
  }

  #say(entry: StoppedEntry): void {
    this.#said.push(entry);
    this.counts.stale += entry.ask === this.#asks ? 0 : 1;
    this.#apply({ ...entry, at: this.#now });
  }

  wait(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      this.#suspend();
      const entry = next.entry(this.#now);
      const { leader } = this.group.roster;
      this.#apply(entry);
      if (entry.kind !== 'stopped') continue;
      this.#said.push(entry);
      this.counts.byTime += leader === this.group.roster.leader ? 0 : 1;
    }
    this.#now = until;
    this.#suspend();
  }

  freeze(): void {
    this.group.freeze();
  }

  /** R-LEAD-3 */
  #suspend(): void {
    for (const client of this.#clients.values()) if (client.suspendsAt <= this.#now) client.acts = false;
  }

  #apply(entry: GroupEntry): void {
    const [leaderBefore, asksBefore] = [this.group.roster.leader, this.#asks];
    const effects = this.group.apply(entry);
    const { leader } = this.group.roster;
    const acting = [...this.#clients.values()].filter(({ acts }) => acts).map(({ member }) => member);
    agree(
      acting.filter(member => member !== leader?.id),
      [],
    );
    for (const { id } of ofKind(effects, 'admin-receipt')) this.#answers.set(id, (this.#answers.get(id) ?? 0) + 1);
    agree(
      [...this.#answers].filter(([, times]) => times > 1),
      [],
    );
    for (const effect of effects) {
      if (effect.kind === 'welcomed') this.#welcome(effect);
      if (effect.kind === 'replaced') this.#forget(effect.session);
      if (effect.kind === 'departed' && effect.session !== undefined) this.#asked.delete(effect.session);
      if (effect.kind === 'ask-to-stop') this.#ask(effect);
      if (effect.kind === 'grace') this.#endGrace(effect);
      if (effect.kind === 'released') this.#release(effect.session);
    }
    if (entry.kind === 'departed' && entry.how === 'lost') this.#asked.delete(entry.session);
    for (const { session } of ofKind(effects, 'reassure')) this.#lead(session, this.#asks);
    for (const { session } of ofKind(effects, 'resignation')) {
      if (leader !== undefined && sessionOf(leader) === session) this.#lead(session, this.#asks);
    }
    const newLeaderSession = leader === leaderBefore || leader === undefined ? undefined : sessionOf(leader);
    if (newLeaderSession !== undefined) this.#lead(newLeaderSession, asksBefore);
    this.counts.handedOver += leader !== leaderBefore && entry.kind === 'stopped' ? 1 : 0;
    this.counts.reassured += ofKind(effects, 'reassure').length;
    this.#releasedAreSeenTo(effects);
  }

  #endGrace({ member, absence, ms }: EffectOf<'grace'>): void {
    const leftMs = this.#absences.leftMs(member, absence, ms, this.#now);
    this.#after(leftMs, at => graceEnded(member.id, at, { absence, ms }));
  }

  #forget(session: string): void {
    this.#clients.delete(session);
    this.#asked.delete(session);
  }

  #welcome({ member, session }: EffectOf<'welcomed'>): void {
    const client = { member: member.id, session, acts: false, ledSinceAsk: 0, unread: [] };
    this.#clients.set(session, { ...client, suspendsAt: Number.POSITIVE_INFINITY, isEnded: false });
    if (this.group.roster.leader === member) this.#lead(session, this.#asks);
  }

  /** The client receives a view in which it leads. */
  #lead(session: string, asks: number): void {
    const client = this.#clients.get(session);
    if (client === undefined || client.isEnded) return;
    client.acts = true;
    client.ledSinceAsk = asks;
  }

  #ask({ ask, session, absence, waitMs, member }: EffectOf<'ask-to-stop'>): void {
    agree(ask > this.#asks, true);
    this.#asks = ask;
    this.#after(this.#absences.leftMs(member, absence, waitMs, this.#now), at =>
      stopped(member.id, { ask, at, evidence: 'suspended' }),
    );
    if (session === undefined) return;
    this.#asked.set(session, ask);
    const client = this.#clients.get(session);
    if (client === undefined) return;
    client.unread.push(ask);
    client.suspendsAt = Math.min(client.suspendsAt, this.#now + waitMs);
  }

  #release(session: string): void {
    agree(this.#asked.delete(session) || !this.#clients.has(session), true);
    const client = this.#clients.get(session);
    if (client !== undefined && !client.isEnded) client.suspendsAt = Number.POSITIVE_INFINITY;
  }

  #after(ms: number, entry: Timer['entry']): void {
    this.#timers.push({ at: this.#now + ms, entry });
  }

  /** R-LEAD-2: a released session whose member still leads is reassured or asked again. */
  #releasedAreSeenTo(effects: readonly Parameters<typeof ofKind>[0][number][]): void {
    const { leader } = this.group.roster;
    for (const { session } of ofKind(effects, 'released')) {
      if (leader === undefined || sessionOf(leader) !== session) continue;
      const answers = ['reassure', 'ask-to-stop', 'resignation'] as const;
      const toSession = answers.flatMap(kind => ofKind(effects, kind)).filter(effect => effect.session === session);
      agree(toSession.length, 1);
    }
  }

  /** All clients answer and all timers expire. Then no decision may be held, and each request has one receipt. */
  settle(): void {
    for (let round = 0; round < 30; round += 1) {
      for (let each = this.#live.length; each > 0; each -= 1) this.answer(0);
      for (let each = this.#onTheWay.length; each > 0; each -= 1) this.arrive(0);
      this.wait(100);
    }
    agree([...this.#asked.keys()], []);
    agree(
      [...this.#answers].filter(([, times]) => times !== 1),
      [],
    );
    const stillThere = this.group.roster
      .slice()
      .filter(({ id, presence }) => this.#ended.has(id) && presence.kind !== 'gone');
    agree(
      stillThere.map(({ id }) => id),
      [],
    );
  }
}
