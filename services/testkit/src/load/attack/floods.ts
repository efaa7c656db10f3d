/** What the attackers of scripts/attack send. */

/** One flood of many peers. */
export interface Flood {
  /** `members`: an attacker is admitted at the members' port. `side`: it sends requests to the side port. */
  readonly port: 'members' | 'side';
  /** The fields of each attacker's hello. */
  readonly hello?: object;
  /** The bytes that each attacker sends again and again. */
  readonly text: string;
  /** `reads`: an attacker reads the answers. `alternately`: every second one reads. `never`: none reads. */
  readonly reading: 'reads' | 'alternately' | 'never';
  /**
   * `floods`: an attacker sends its text without end, and reconnects if the server closes the connection. `sends`: it
   * sends its text once and keeps the connection. `returns`: it connects again after the first answer.
   */
  readonly connections: 'floods' | 'sends' | 'returns';
  /** `unread`: the log of the server is not read during the flood. Default: it is read. */
  readonly log?: 'unread';
}

/** The group of the attackers. */
export const ATTACKED_GROUP = 'attacked';
const CHUNK_CHARS = 65_536;

/** Repeats a frame to a chunk of 64 KiB. `frameOf` gets the number of the frame. */
function chunkOf(frameOf: (n: number) => object): string {
  let text = '';
  for (let n = 0; text.length < CHUNK_CHARS; n += 1) text += `${JSON.stringify(frameOf(n))}\n`;
  return text;
}

const member = { port: 'members', reading: 'alternately', connections: 'floods' } as const;
const visitor = { port: 'side', reading: 'never' } as const;
/** A tag key that took exponential time once. */
const LONG_KEY = '😀'.repeat(65);

/** The floods by name. The name is an argument of flooder-main. */
export const floods = {
  ping: { ...member, text: chunkOf(n => ({ type: 'ping', n })) },
  roster: { ...member, text: chunkOf(() => ({ type: 'roster' })) },
  history: { ...member, text: chunkOf(() => ({ type: 'history', limit: 1000 })) },
  command: { ...member, text: chunkOf(n => ({ type: 'command', id: `${n}`, name: 'go' })) },
  'command to all, 60 kB': {
    ...member,
    text: chunkOf(n => ({
      type: 'command',
      id: `${n}`,
      name: 'go',
      to: 'all',
      args: 'x'.repeat(60_000),
      reply: 'none',
    })),
  },
  'refused command, 60 kB': {
    ...member,
    text: chunkOf(n => ({ type: 'command', id: `${n}`, name: 'go', to: { ranks: [0] }, args: 'x'.repeat(60_000) })),
  },
  result: { ...member, text: chunkOf(n => ({ type: 'result', seq: n + 1, status: 'done' })) },
  resign: { ...member, text: chunkOf(() => ({ type: 'resign' })) },
  yielded: { ...member, text: chunkOf(() => ({ type: 'yielded' })) },
  pong: { ...member, text: chunkOf(n => ({ type: 'pong', n })) },
  'forbidden admin': {
    ...member,
    text: chunkOf(n => ({ type: 'admin', id: `${n}`, action: 'remove', member: 'm1' })),
  },
  hello: {
    port: 'members',
    hello: { name: '$(touch x)' },
    reading: 'reads',
    connections: 'returns',
    text: '',
    log: 'unread',
  },
  'hello with 65 emoji': {
    port: 'members',
    hello: { tags: { [LONG_KEY]: '' } },
    reading: 'reads',
    connections: 'returns',
    text: '',
  },
  'pipelined requests': { ...visitor, connections: 'floods', text: 'GET /healthz HTTP/1.1\r\n\r\n'.repeat(2000) },
  'half requests': { ...visitor, connections: 'sends', text: 'GET /healthz HTTP/1.1\r\n' },
} as const satisfies Record<string, Flood>;

/** The name of a flood. */
export type FloodName = keyof typeof floods;
