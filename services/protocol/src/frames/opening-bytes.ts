/** Recognizes another protocol by the first bytes of a connection. */

/** How many bytes of empty lines are read before the connection counts as unknown. */
const EMPTY_MAX = 16;
/** How many bytes are kept for a message. */
const TEXT_MAX = 60;
const PROXY_V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const HTTP_METHODS = 'GET POST HEAD PUT DELETE OPTIONS PATCH CONNECT TRACE PRI'.split(' ');

/** What the first bytes of a connection are. `frames`: a JSON object begins. `unknown`: none of the protocols in this file. */
export type Opening =
  | 'frames'
  | 'tls handshake'
  | 'tls alert'
  | 'proxy header'
  | 'http request'
  | 'http answer'
  | 'redis request'
  | 'redis answer'
  | 'ssh'
  | 'nats'
  | 'mail or ftp'
  | 'unknown';

/** The texts with which a connection of another protocol begins. */
const texts: readonly (readonly [text: string, opening: Opening])[] = [
  ['PROXY ', 'proxy header'],
  [PROXY_V2.toString('latin1'), 'proxy header'],
  ['\x16\x03', 'tls handshake'],
  ['\x15\x03', 'tls alert'],
  ...HTTP_METHODS.map(method => [`${method} `, 'http request'] as const),
  ['HTTP/', 'http answer'],
  ['*', 'redis request'],
  ['PING\r\n', 'redis request'],
  ['-ERR', 'redis answer'],
  ['-NOAUTH', 'redis answer'],
  ['-DENIED', 'redis answer'],
  ['SSH-', 'ssh'],
  ['INFO {', 'nats'],
  ['220', 'mail or ftp'],
];

/** Collects the first bytes of a connection until they show what it is (R-FRAME-1: bytes may arrive in any split). */
export class OpeningBytes {
  #text = '';

  /** The first bytes, one character each, at most 60. */
  get text(): string {
    return this.#text;
  }

  /** Adds bytes. Returns what the connection is, or undefined if more bytes are needed. */
  push(bytes: Buffer): Opening | undefined {
    this.#text += bytes.toString('latin1', 0, TEXT_MAX - this.#text.length);
    const begun = texts.find(([text]) => this.#text.startsWith(text));
    if (begun !== undefined) return begun[1];
    // Empty lines before the first frame are ignored.
    const first = this.#text.trimStart()[0];
    if (first === '{') return 'frames';
    const isEmpty = first === undefined && this.#text.length < EMPTY_MAX;
    return isEmpty || texts.some(([text]) => text.startsWith(this.#text)) ? undefined : 'unknown';
  }
}
