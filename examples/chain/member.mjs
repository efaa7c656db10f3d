// Works until a superior sends the command `halt`. On SIGUSR1 it sends `halt` to its subordinates, then tries to send it to the
// leader. Arguments: name, group, URL of rankd.
import process from 'node:process';
import { join } from '@rankd/client';

const [name, group, rankdUrl] = process.argv.slice(2);
let works = true;

// Registered in `prepare`, so that the handler exists before the first command.
const prepare = me => {
  me.handle('halt', (args, { from }) => {
    works = false;
    console.log(`I halt by order of ${from.name} (rank ${from.rank})`);
  });
  me.on('executed', ({ command, status, error }) => {
    if (status === 'refused') console.log(`I refuse ${command.name}: ${error.code}, ${error.message}`);
  });
};
const me = await join(rankdUrl, { name, group, prepare });
process.on('SIGUSR1', () => void pullKillSwitch());
process.on('SIGUSR2', () => console.log(works ? 'I work' : 'I have halted'));
console.log(`I have rank ${me.rank}`);

async function pullKillSwitch() {
  const sheet = await me.command('halt');
  console.log(`${sheet.done} of ${sheet.recipients} below me have halted`);
  await me.command('halt', undefined, { to: { ranks: [0] } }).catch(error => {
    console.log(`the server refuses to send halt to rank 0: ${error.code}, ${error.message}`);
  });
}
