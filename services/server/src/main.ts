/** The entry point of the server process. */

import { setFlagsFromString } from 'node:v8';
import { keepStandardErrorFromBlocking, settingsOrExit } from '@rankd/startup';
import { parseServerConfig } from './config.js';
import { RankServer } from './rank-server.js';
import { systemEnvironment } from './server-environment.js';

/**
 * Turns off V8's pretenuring. With it, V8 creates the objects of a line of code in the old generation if most earlier objects of that line
 * have survived a garbage collection. The lists of a flush cycle survive one collection and then die. Dead lists in the old generation keep
 * all frames of their cycle in memory until the next full collection. With pretenuring, some starts of the same gateway needed nearly twice
 * as long for a command (docs/performance/bounds.md).
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/**
 * Reads the settings, starts the server and handles signals. Exit codes: 0, the server has stopped; 1, it cannot start or got a second
 * signal to stop; 78, the settings are invalid.
 */
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
  // Without TLS, SIGHUP keeps its default effect: the process ends when its terminal is closed.
  if (config.RANKD_TLS_CERT !== undefined) process.on('SIGHUP', () => server.renewCertificates());
  try {
    await server.start();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    server.logger.fatal(
      { event: 'failed', code },
      `cannot start: ${message}${code === 'EADDRINUSE' ? ': stop the program that uses the port, or set another RANKD_PORT or RANKD_HTTP_PORT' : ''}`,
    );
    process.exit(1);
  }
}

void main();
