import type { Redis } from 'ioredis';
import type { Timer } from '../../clock.js';
import { AppendMarks } from './append-marks.js';
import { joinCluster, requireCluster, type ClusterRecord } from './cluster-record.js';
import { requireFitness } from './redis-fitness.js';
import { RedisLine, type LineEnds } from './redis-line.js';
import { RedisTime } from './redis-time.js';
import { ShardStream } from './shard-stream.js';
import { StreamError } from './stream-error.js';
import { StreamReader } from './stream-reader.js';
import type { LineState, StreamPorts, StreamSettings } from './stream-settings.js';
import { StreamWriter } from './stream-writer.js';

/** How often the clock of Redis is read; that the writing connection is alive shows by it too. */
const CLOCK_MS = 10_000;
/** What is asked once, before anything else. */
const PREPARE_MS = 5000;
export const SHARDS_MAX = 256;

const notYet: LineState = { kind: 'down', reason: 'not connected yet' };

/** The streams of one Redis, over two connections: one that writes and one that reads. */
export class StreamStore {
  readonly #settings: StreamSettings;
  readonly #ports: StreamPorts;
  readonly #writer: StreamWriter;
  readonly #reader: StreamReader;
  readonly #time: RedisTime;
  readonly #lines: Readonly<Record<'writer' | 'reader', RedisLine>>;
  readonly #states: Record<'writer' | 'reader', LineState> = { writer: notYet, reader: notYet };
  readonly #shards: readonly ShardStream[];
  #told: LineState['kind'] | 'nothing' | 'closed' = 'nothing';
  #clusterId: string | undefined;

  /** Connects with the first prepare(). @throws StreamError `unsuited` for a URL that is none, RangeError for the shards */
  constructor(settings: StreamSettings, ports: StreamPorts) {
    const { url, shards, prefix, ack } = settings;
    if (!(shards >= 1 && shards <= SHARDS_MAX)) throw new RangeError(`${shards} shards; 1 to ${SHARDS_MAX}`);
    ports.machine.connection(url);
    this.#settings = settings;
    this.#ports = ports;
    const { clock, machine } = ports;
    const means = { clock, machine, url };
    this.#time = new RedisTime(clock);
    this.#reader = new StreamReader(clock, shards);
    this.#writer = new StreamWriter(clock, ack, () => reasonOf(this.#states.writer));
    this.#lines = {
      writer: new RedisLine(means, this.#write, state => this.#tell('writer', state)),
      reader: new RedisLine(means, this.#read, state => this.#tell('reader', state)),
    };
    const parts = {
      prefix,
      writer: this.#writer,
      reader: this.#reader,
      machine,
      marks: new AppendMarks(machine.randomBytes),
      warning: ports.warning,
      clusterId: () => this.#preparedId(),
    };
    this.#shards = Array.from({ length: shards }, (_, index) => new ShardStream(index, parts));
  }

  /**
   * Sees whether this Redis is fit, and reads or writes, once for all servers, what holds for them. May be called again.
   * @throws StreamError `unavailable` where it cannot be reached within 5 s, is no primary, or lacks the replica that ack
   * `replicated` needs; `unsuited` where its version, the number of shards or the format differ; `lost` where it is not the
   * cluster's any more that it was the last time
   */
  async prepare(candidate: { readonly clusterId: string }): Promise<ClusterRecord> {
    this.#lines.writer.open();
    this.#lines.reader.open();
    const warnings = await this.#writer.ask(redis => requireFitness(redis, this.#settings), PREPARE_MS);
    const joined = await this.#writer.ask(redis => this.#join(redis, candidate.clusterId));
    this.#clusterId = joined.clusterId;
    for (const warning of warnings) this.#ports.warning(warning);
    return joined;
  }

  /** @throws RangeError where there is none of this number */
  shard(index: number): ShardStream {
    const shard = this.#shards[index];
    if (shard === undefined) throw new RangeError(`there is no shard ${index} among ${this.#shards.length}`);
    return shard;
  }

  /** How far the clock of Redis is ahead of ours, ms; 0 before prepare() has resolved. Read anew every 10 s. */
  get clockOffsetMs(): number {
    return this.#time.offsetMs;
  }

  /** Lets go of both connections: what is under way becomes `unknown`, and nothing further is told. */
  async close(): Promise<void> {
    this.#told = 'closed';
    const closed = [this.#lines.writer.close(), this.#lines.reader.close()];
    this.#writer.close();
    await Promise.all(closed);
  }

  readonly #write = async (redis: Redis, { closed, up }: LineEnds): Promise<never> => {
    const { clock } = this.#ports;
    await this.#time.begin(redis);
    this.#writer.take(redis);
    up();
    let timer: Timer;
    const refreshLater = (): void => {
      timer = clock.after(CLOCK_MS, () => {
        this.#time.refresh(redis).then(refreshLater, () => redis.disconnect());
      });
    };
    refreshLater();
    return await closed.finally(() => timer.cancel());
  };

  readonly #read = (redis: Redis, ends: LineEnds): Promise<never> => this.#reader.read(redis, ends);

  #tell(side: 'writer' | 'reader', state: LineState): void {
    this.#states[side] = state;
    const { writer, reader } = this.#states;
    const both = writer.kind === 'up' ? reader : writer;
    // While the second one is still to come for the first time, nothing has gone down.
    const isComing = this.#told === 'nothing' && both === notYet;
    if (this.#told === 'closed' || this.#told === both.kind || isComing) return;
    this.#told = both.kind;
    this.#ports.connection(both);
  }

  /** The second time it is there or lost: who wrote it again would hide that the streams are gone. */
  async #join(redis: Redis, candidate: string): Promise<ClusterRecord> {
    const known = this.#clusterId;
    if (known === undefined) return await joinCluster(redis, this.#settings, candidate);
    await requireCluster(redis, this.#settings.prefix, known);
    return { clusterId: known, shards: this.#settings.shards, isNew: false };
  }

  #preparedId(): string {
    if (this.#clusterId === undefined) throw new StreamError('unavailable', 'the streams have not been prepared');
    return this.#clusterId;
  }
}

function reasonOf(state: LineState): string {
  return state.kind === 'up' ? 'not ready yet' : state.reason;
}
