import { setFlagsFromString } from 'node:v8';
import { keepStandardErrorFromBlocking, settingsOrExit } from '@rankd/startup';
import { parseServerConfig } from './config.js';
import { RankServer } from './rank-server.js';
import { systemEnvironment } from './server-environment.js';

/**
 * V8 pretenures: once most of what a line of code makes has outlived a collection of garbage, it makes all of that among what is
 * old. A turn's lists live that long and no longer, and dead among the old they keep every frame of their turn until the next
 * large collection. Of the same gateway, some starts took nearly twice as long for a command (docs/performance/bounds.md).
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/** Environment and signals, nothing else. Exit: 0 stopped, 1 could not start or was told twice to stop, 78 configuration. */
async function main(): Promise<void> {
  keepStandardErrorFromBlocking();
  const config = settingsOrExit(parseServerConfig);
  const server = await RankServer.prepare(config, systemEnvironment());
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
    server.logger.fatal(
      { event: 'failed', code },
      `cannot start: ${message}${code === 'EADDRINUSE' ? '; is another rankd running?' : ''}`,
    );
    process.exit(1);
  }
}

void main();
