import { eventually, sampleIn } from '@rankd/testkit';
import type { ComposeProject } from './compose-project.js';

interface RosterMember {
  readonly rank: number;
  readonly member: string;
  readonly name: string;
  readonly state: string;
}

/** The time for a container to start or to be missed; ten times the duration on an idle machine. */
const SETTLE_MS = 60_000;

/** Reads a fleet from outside: roster, mirror, metrics and logs. */
export class Fleet {
  readonly #project: ComposeProject;
  readonly #httpToken: string;
  readonly #server: number;

  /** `server` is the index of the server to read, from 1. */
  constructor(project: ComposeProject, httpToken: string, server = 1) {
    this.#project = project;
    this.#httpToken = httpToken;
    this.#server = server;
  }

  async roster(): Promise<RosterMember[]> {
    const answer = await this.#get('/api/groups/default');
    if (answer.status === 404) return [];
    return ((await answer.json()) as { members: RosterMember[] }).members;
  }

  /** The names in the order of their ranks. */
  async names(): Promise<string[]> {
    return (await this.roster()).map(({ name }) => name);
  }

  /** Waits until the ranks are exactly these, on the side port and in the mirror. */
  async settles(names: readonly string[]): Promise<void> {
    const wanted = names.join(' ');
    await eventually(SETTLE_MS, `roster ${wanted}`, async () =>
      (await this.names()).join(' ') === wanted ? true : undefined,
    );
    await eventually(SETTLE_MS, `mirror ${wanted}`, async () =>
      (await this.mirroredNames()).join(' ') === wanted ? true : undefined,
    );
  }

  async settlesAt(size: number): Promise<string[]> {
    return eventually(SETTLE_MS, `${size} members`, async () => {
      const names = await this.names();
      return names.length === size ? names : undefined;
    });
  }

  /** The names in the order of Redis. Throws if the scores are not 0, 1, 2, … */
  async mirroredNames(): Promise<string[]> {
    const ranked = await this.#project.redis('ZRANGE', 'rankd:{default}:ranks', '0', '-1', 'WITHSCORES');
    const names: string[] = [];
    for (let index = 0; index + 1 < ranked.length; index += 2) {
      if (Number(ranked[index + 1]) !== index / 2) throw new Error(`mirrored ranks have a gap: ${ranked.join(' ')}`);
      const [facts = '{}'] = await this.#project.redis('HGET', 'rankd:{default}:members', ranked[index] ?? '');
      names.push((JSON.parse(facts) as { name: string }).name);
    }
    return names;
  }

  async metrics(): Promise<string> {
    return (await this.#get('/metrics')).text();
  }

  /** One sample of /metrics. */
  async metric(sample: string): Promise<number> {
    return sampleIn(await this.metrics(), sample) ?? NaN;
  }

  /** The promotions in a replica's log, oldest first, as `4>3`. */
  async promotions(replica: string): Promise<string[]> {
    const log = await this.#project.log(replica);
    return [...log.matchAll(/I am promoted from rank (\d+) to rank (\d+)/g)].map(([, was, rank]) => `${was}>${rank}`);
  }

  /** Waits until a replica's log has exactly these promotions, after the first `before` promotions. */
  async untilPromoted(replica: string, before: number, promotions: readonly string[]): Promise<void> {
    const wanted = promotions.join(' ');
    await eventually(SETTLE_MS, `the log of ${replica} to have ${wanted}`, async () => {
      const since = (await this.promotions(replica)).slice(before);
      return since.length >= promotions.length ? true : undefined;
    });
    const since = (await this.promotions(replica)).slice(before).join(' ');
    if (since !== wanted) throw new Error(`the log of ${replica} has ${since}, not ${wanted}`);
  }
  async #get(path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#httpToken}` };
    return fetch(`${await this.#project.httpUrl(this.#server)}${path}`, { headers });
  }
}
