/**
 * Calls `stop` at the first Ctrl-C, SIGTERM or closed terminal, and `kill` at every further one. A reader of the output who has
 * gone (scripts/up | head) means the first.
 */
export function onInterrupts({ stop, kill }) {
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (asked ? kill() : ask()));
  process.stdout.on('error', ask);
  process.stderr.on('error', ask);
}
