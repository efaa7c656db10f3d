/** The verb `servers adopt`. */

import { printable } from '@rankd/protocol';
import { observe, RankdError } from '@rankd/client/observer';
import { readTlsFiles } from '@rankd/startup/tls-files';
import { NotDone } from '../errors.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

/**
 * The verb `servers adopt`: a server that waits for a cluster that Redis has lost accepts the present Redis as the new cluster. An operator
 * decides this, because the old order is gone then.
 */
export async function adoptRedis(call: CommandContext): Promise<ExitCode> {
  const { url, token, tls } = call.connection;
  try {
    using observer = await observe(url, { token, require: ['adopt'], tls: () => readTlsFiles(tls) });
    await observer.adopt();
    const { server } = observer.welcome;
    if (call.json) writeJson(call, { adopted: true, server });
    else
      call.terminal.write(
        `${printable(server)} accepts the present Redis as the new cluster: wait until its /readyz is 200, then restart clients that report OTHER_CLUSTER`,
      );
    return 0;
  } catch (error) {
    if (!(error instanceof RankdError) || error.code !== 'UNSUPPORTED') throw error;
    throw new NotDone(
      'UNSUPPORTED',
      'this server does not wait for a lost cluster: see the state in `rankctl servers`, and name a server in the state waiting with --url',
    );
  }
}
