import { say } from '../terminal.mjs';

/**
 * Runs a fleet, { run, stop, kill }. Returns its exit code when all of it has stopped. The first Ctrl-C, SIGTERM or closed terminal stops
 * the fleet, and every further one kills it. The fleet also stops if the reader of the output closes it (scripts/up | head).
 */
export function runFleet(fleet) {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    say('stopping … (Ctrl-C again kills the fleet)');
    void fleet.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => (stopping ? void fleet.kill() : stop()));
  }
  process.stdout.on('error', stop);
  process.stderr.on('error', stop);
  return fleet.run();
}
