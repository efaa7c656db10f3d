// A kill switch that works only down the ranks. Exits with 0 if the subordinates halt, and if a command to a superior is refused: by
// the server, and by the leader's own client if the frame was forged without the server.
import process from 'node:process';
import { runExample } from '../run-example.mjs';
import { ManInTheMiddle } from './man-in-the-middle.mjs';

await runExample(async example => {
  const rankdUrl = await example.rankd();
  const man = await ManInTheMiddle.before(rankdUrl);
  const members = [];
  for (const name of ['ann', 'bob', 'cid', 'dan']) {
    const url = name === 'ann' ? man.url : rankdUrl;
    const member = example.program(name, import.meta.url, 'member.mjs', name, `chain-${process.pid}`, url);
    await member.says(/I have rank/);
    members.push(member);
  }
  const [ann, bob, cid, dan] = members;

  example.say('bob sends halt to the members below it, and then to ann');
  bob.kill('SIGUSR1');
  const [, halted] = await bob.says(/(\d) of 2 below me have halted/);
  const [, byServer] = await bob.says(/the server refuses to send halt to rank 0: ([A-Z_]{1,32})/);

  example.say('a man in the middle forges a command from bob to ann');
  const { status, error } = await man.forge('halt', { member: 'm1', rank: 1, name: 'bob' });
  const [, byClient] = await ann.says(/I refuse halt: (\w+)/);

  for (const member of members) member.kill('SIGUSR2');
  const states = await Promise.all(
    [ann, bob, cid, dan].map(async member => (await member.says(/I work|I have halted/))[0]),
  );
  const refusedTwice = byServer === 'OUTRANKED' && byClient === 'OUTRANKED';
  const inAnswer = status === 'refused' && error.code === 'OUTRANKED';
  const asItShould = states.join() === 'I work,I work,I have halted,I have halted';
  return halted === '2' && refusedTwice && inAnswer && asItShould ? 0 : 1;
});
