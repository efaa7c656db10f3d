/** A program that measures the practical limit of a server in Node. */

import { createServer, type Socket } from 'node:net';

/**
 * This server does only what the load generator checks. So hardly any other server in Node can be faster. It does the same as c-limit.c,
 * but in JSON and with frames as long as rankd's. It parses commands and results with one regular expression each. It writes the frames of
 * one round of the event loop to each receiver at once. It does not check its input, and has no authority, groups, departures, limits,
 * deadlines, heartbeats, metrics or log.
 *
 * node node-limit.js PORT
 */
const command = /^{"type":"command","id":"([^"\\]*)","name":"([^"\\]*)"(,"reply":"none")?,"args":("[^"\\]*")}$/;
const result = /^{"type":"result","seq":(\d+)/;
const view = 1;
const facts =
  '"resume":"0123456789abcdef0123456789abcdef","resumed":false,"epoch":1795447559267,"view":1,"seq":1,"leader":{"member":' +
  '"m0123456789abcdef","name":"m01234"},"protocol":1,"features":[],"server":"limit","group":"default","membersMax":20000,' +
  '"heartbeatMs":1500,"suspendMs":4500,"deadMs":6000,"frameBytesMax":65536';

interface Member {
  readonly socket: Socket;
  readonly rank: number;
  /** The frames of this round that only this member receives. */
  own: string;
}

const members: Member[] = [];
/** For each open command: its sender, and how many members have not answered. */
const open = new Map<number, { readonly sender: Member; readonly id: string; awaited: number }>();
let seq = 1;
/** The frames of this round that every member below rank 0 receives. */
let shared = '';
let turn: 'open' | 'ending' = 'open';

function endTurn(): void {
  turn = 'open';
  const bytes = Buffer.from(shared, 'latin1');
  shared = '';
  for (const member of members) {
    if (bytes.length > 0 && member.rank > 0) member.socket.write(bytes);
    if (member.own !== '') member.socket.write(member.own, 'latin1');
    member.own = '';
  }
}

function say(to: Member, text: string): void {
  to.own += text;
  if (turn === 'open') setImmediate(endTurn);
  turn = 'ending';
}

function join(socket: Socket): Member {
  const rank = members.length;
  const member: Member = { socket, rank, own: '' };
  members.push(member);
  const id = String(rank).padStart(16, '0');
  const own = `"member":"m${id}","name":"m${id.slice(-5)}","rank":${rank},"slot":${rank},"size":${rank + 1}`;
  socket.write(`{"type":"welcome",${own},${facts}}\n`, 'latin1');
  return member;
}

function order(sender: Member, [, id = '', name, none, args]: RegExpExecArray): void {
  seq += 1;
  const awaited = members.length - 1;
  const from = `{"member":"m0123456789abcdef","rank":${sender.rank},"name":"m01234"}`;
  const reply = none === undefined;
  shared += `{"type":"command","seq":${seq},"view":${view},"from":${from},"name":"${name}","deadlineMs":5000,"reply":${reply},"args":${args}}\n`;
  const verdict = `"seq":${seq},"view":${view},"recipients":${awaited},"deadlineMs":5000,"refused":[],"refusedCount":0`;
  say(sender, `{"type":"receipt","id":"${id}","accepted":true,${verdict}}\n`);
  if (reply) open.set(seq, { sender, id, awaited });
}

function answer(of: number): void {
  const command = open.get(of);
  if (command === undefined) return;
  command.awaited -= 1;
  if (command.awaited > 0) return;
  open.delete(of);
  const counts = `"done":${members.length - 1},"failed":0,"refused":0,"expired":0,"left":0,"missing":[],"ms":1`;
  const frame = `{"type":"outcome","id":"${command.id}","seq":${of},"recipients":${members.length - 1},${counts}}\n`;
  say(command.sender, frame);
}

function carry(socket: Socket): void {
  let member: Member | undefined;
  let unfinished = '';
  socket.on('data', bytes => {
    const text = unfinished + bytes.toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      take(text.slice(start, end));
      start = end + 1;
    }
    unfinished = text.slice(start);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    if (member !== undefined) members.splice(members.indexOf(member), 1);
  });

  function take(line: string): void {
    const ordered = command.exec(line);
    const answered = ordered === null ? result.exec(line) : null;
    if (ordered !== null && member !== undefined) order(member, ordered);
    else if (answered !== null) answer(Number(answered[1]));
    else if ((JSON.parse(line) as { type?: unknown }).type === 'hello') member = join(socket);
  }
}

createServer({ noDelay: true }, carry).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
