import { setFlagsFromString } from 'node:v8';
import { createLogger, settingsOrExit } from '@rankd/startup';
import { parseServerConfig } from './config.js';
import { RankServer } from './rank-server.js';

/**
 * Where V8 finds that what some line makes mostly outlives a collection, it puts all of it among what is old from then on. Lists of
 * what a turn brings do, and are garbage a moment later, yet keep all that they hold until the next large collection: of the same
 * server, started again and again, some took up to twice as long for a command.
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/** Environment and signals, nothing else. Exit: 0 stopped, 1 could not start or was told twice to stop, 78 configuration. */
async function main(): Promise<void> {
  const config = settingsOrExit(parseServerConfig);
  const logger = createLogger(config);
  const server = await RankServer.prepare(config, logger);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void server.stop(signal).then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Without certificates it means what it does to any program: the terminal is gone.
  if (config.RANKD_TLS_CERT !== undefined) process.on('SIGHUP', () => server.renewCertificates());
  try {
    await server.start();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    logger.fatal(
      { event: 'failed', code },
      `cannot start: ${message}${code === 'EADDRINUSE' ? '; is another rankd running?' : ''}`,
    );
    process.exit(1);
  }
}

void main();
