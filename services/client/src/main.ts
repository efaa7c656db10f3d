/** The program of the client container. */

import { createLogger, readTlsFiles, keepStandardErrorFromBlocking, settingsOrExit, type Logger } from '@rankd/startup';
import { parseClientConfig, tagsOf, type ClientConfig } from './container/config.js';
import { commandRegularly } from './container/fleet-traffic.js';
import { replicaName } from './container/replica-name.js';
import { join } from './join.js';
import { RankdError } from './rankd-error.js';

/**
 * The client container. It joins a group, executes commands and logs its events until SIGTERM or SIGINT. Exit codes: 0 after
 * leaving, 1 after an error or a second stop signal, 78 if a setting is invalid.
 */
async function main(): Promise<void> {
  keepStandardErrorFromBlocking();
  const config = settingsOrExit(parseClientConfig);
  const logger = createLogger(config);
  const stopping = new AbortController();
  const stop = (signal: string): void => {
    if (stopping.signal.aborted) process.exit(1);
    logger.info({ event: 'leaving', signal }, `${signal}: leaving`);
    stopping.abort();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    await serve(config, logger, stopping.signal);
  } catch (error) {
    if (!(error instanceof RankdError)) throw error;
    if (error.code !== 'ABORTED') {
      logger.fatal({ event: 'failed', code: error.code }, `stopping: ${error.message} (${error.code})`);
      process.exit(1);
    }
  }
}

async function serve(config: ClientConfig, logger: Logger, stop: AbortSignal): Promise<void> {
  const membership = await join(config.RANKD_URL, {
    group: config.RANKD_GROUP,
    name: config.RANKD_NAME ?? (await replicaName()),
    tags: tagsOf(config.RANKD_TAGS),
    ...(config.RANKD_TOKEN === undefined ? {} : { token: config.RANKD_TOKEN }),
    tls: () => readTlsFiles(config),
    updates: 'size',
    joinWithinMs: Number.POSITIVE_INFINITY,
    signal: stop,
    logger,
    // The command `print` needs no action: the library logs each execution.
    prepare: member => void member.handle('print', () => null),
  });
  const closed = new Promise<void>((resolve, reject) => {
    membership.once('closed', ({ error }) => (error === undefined ? resolve() : reject(error)));
  });
  if (config.RANKD_COMMAND_EVERY_MS > 0) void commandRegularly(membership, config.RANKD_COMMAND_EVERY_MS, logger, stop);
  await closed;
}

void main();
