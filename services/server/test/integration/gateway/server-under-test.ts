import {
  type ChildProcess,
  type Exit,
  type Frame,
  type LaunchedServer,
  launchServer,
  RawPeer,
  type RawPeerOptions,
  readMetric,
  repository,
  within,
} from '@rankd/testkit';

/** How much later than it says a busy machine may do something. */
export const MACHINE_MS = 4000;

/** A session that was welcomed. */
export interface Joined {
  readonly peer: RawPeer;
  readonly welcome: Frame;
  readonly id: string;
  /** When it said hello, on the clock of performance.now(). */
  readonly helloAtMs: number;
}

/** The built server in a process of its own, and the peers that a test has at it. */
export class ServerUnderTest {
  readonly program: ChildProcess;
  readonly port: number;
  readonly httpPort: number;
  readonly #peers: RawPeer[] = [];
  #groups = 0;

  private constructor({ program, port, httpPort }: LaunchedServer) {
    this.program = program;
    this.port = port;
    this.httpPort = httpPort;
  }

  static async launch(env: Readonly<Record<string, string>> = {}): Promise<ServerUnderTest> {
    return new ServerUnderTest(await launchServer(repository, { RANKD_GROUPS_MAX: '10000', ...env }));
  }

  /** The value of a metric without labels, now. */
  async metric(name: string): Promise<number> {
    const value = await readMetric(this.httpPort, name);
    if (value === undefined) throw new Error(`no metric ${name}`);
    return value;
  }

  /** A name that no other test of this server uses. */
  freshGroup(): string {
    this.#groups += 1;
    return `group-${this.#groups}`;
  }

  async connect(options?: RawPeerOptions): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.port, options);
    this.#peers.push(peer);
    return peer;
  }

  async join(hello: object = {}, options?: RawPeerOptions): Promise<Joined> {
    return await joinWith(await this.connect(options), hello);
  }

  /** Members of ranks 0 to `count` - 1 of one group, by rank. `helloOf` adds to a member's hello. */
  async joinMany(count: number, group: string, helloOf: (rank: number) => object = () => ({})): Promise<Joined[]> {
    const joined: Joined[] = [];
    for (let rank = 0; rank < count; rank += 1) {
      joined.push(await this.join({ group, name: `name-${rank}`, ...helloOf(rank) }));
    }
    return joined;
  }

  /** Runs `act` while the server is stopped: it finds all that was done at once. */
  async whileStopped(act: () => void | Promise<void>): Promise<void> {
    await this.program.stop();
    await act();
    // A socket that is reset or destroyed gets rid of its handle some turns later.
    await Promise.all(this.#peers.filter(peer => peer.isDestroyed).map(({ closed }) => closed));
    this.program.kill('SIGCONT');
  }

  /** For afterEach: whoever a test has left behind. */
  hangUp(): void {
    for (const peer of this.#peers.splice(0)) peer.destroy();
  }

  async exited(deadlineMs: number): Promise<Exit> {
    return await within(deadlineMs, 'the server to exit', this.program.exited);
  }

  async dispose(): Promise<void> {
    this.hangUp();
    await this.program.dispose();
  }
}

/** Sends a hello and waits for its welcome. */
export async function joinWith(peer: RawPeer, hello: object = {}): Promise<Joined> {
  const helloAtMs = performance.now();
  peer.send({ type: 'hello', ...hello });
  const welcome = await peer.next('welcome');
  return { peer, welcome, id: textIn(welcome, 'member'), helloAtMs };
}

/** A member of a list of known length: saves every test the question whether it is there. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list.at(index);
  if (item === undefined) throw new Error(`there is no item ${index} among ${list.length}`);
  return item;
}

export function numberIn(frame: Frame, field: string): number {
  const value = frame[field];
  if (typeof value !== 'number') throw new Error(`${field} is no number in ${JSON.stringify(frame)}`);
  return value;
}

export function textIn(frame: Frame, field: string): string {
  const value = frame[field];
  if (typeof value !== 'string') throw new Error(`${field} is no string in ${JSON.stringify(frame)}`);
  return value;
}

/** What a hello says to take back this seat (R-JOIN-6). */
export function resumeOf({ id, welcome }: Joined): { member: string; secret: string } {
  return { member: id, secret: textIn(welcome, 'resume') };
}

/** R-ASK-1: every row of the roster, as it is now. */
export async function rosterOf(peer: RawPeer): Promise<Frame[]> {
  peer.send({ type: 'roster' });
  return await rosterRows(peer);
}

/** Takes `roster` frames up to the one that says that it is the last. */
export async function rosterRows(peer: RawPeer): Promise<Frame[]> {
  const rows: Frame[] = [];
  for (;;) {
    const frame = await peer.next('roster');
    rows.push(...(frame['members'] as Frame[]));
    if (frame['more'] === false) return rows;
  }
}

/** R-BYE-1: the server's last word, and that it then closed the connection in order. */
export async function byeOf(peer: RawPeer): Promise<Frame> {
  const { how, bye } = await within(5000, 'the connection to end', peer.closed);
  if (how !== 'ended' || bye === undefined) throw new Error(`${how}, after ${JSON.stringify(peer.frames.at(-1))}`);
  return bye;
}

/** A frame that is exactly `bytes` long without its terminator, padded with a field that means nothing. */
export function paddedTo(bytes: number, message: object): string {
  const bare = JSON.stringify({ ...message, pad: '' });
  return JSON.stringify({ ...message, pad: 'x'.repeat(bytes - bare.length) });
}
