import { say } from '../terminal.mjs';

/**
 * Runs a fleet, { run, stop, kill }, and returns its exit code once all of it has stopped. The first Ctrl-C, SIGTERM or closed
 * terminal stops the fleet; every further one kills it. A reader of the output that closes it (scripts/up | head) stops it too.
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
