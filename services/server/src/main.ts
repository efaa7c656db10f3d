/** The entry point of the server process. */

import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { keepStandardErrorFromBlocking, logSettingsWarnings, settingsOrExit } from '@rankd/startup';
import { parseServerConfig, warningsOfConfig } from './config.js';
import { serverProgram } from './program-description.js';
import { RankServer } from './rank-server.js';
import { systemEnvironment } from './server-environment.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/**
 * Turns off V8's pretenuring: V8 creates objects directly in the old generation if most objects from the same line of code have survived a
 * garbage collection. The lists of a flush cycle survive one collection and then die. Dead lists in the old generation keep all frames of
 * their cycle in memory until the next full collection. In some runs this nearly doubled the time for a command
 * (docs/performance/bounds.md).
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/**
 * Reads the settings, starts the server and handles signals. Exit codes: 0, the server has stopped; 1, it cannot start or got a second
 * signal to stop; 2, an argument is unknown; 78, the settings are invalid.
 */
async function main(): Promise<void> {
  keepStandardErrorFromBlocking();
  const { config, warnings } = settingsOrExit(serverProgram, version, parseServerConfig);
  const server = await RankServer.prepare(config, systemEnvironment());
  logSettingsWarnings(server.logger, [...warnings, ...warningsOfConfig(config)]);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void server.stop(signal).then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Without TLS, SIGHUP keeps its default effect: it ends the process when the terminal is closed.
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
