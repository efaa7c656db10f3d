// Loaded into a server under test: at SIGUSR2 it collects garbage and says how much of the heap is in use then.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  // what the first one frees may have held more
  collect();
  collect();
  console.log(JSON.stringify({ event: 'heap', bytes: process.memoryUsage().heapUsed }));
});
