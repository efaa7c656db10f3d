/** How rankctl connects to a server: its options, its environment variables, and the session. */

import { parseServerAddresses } from '@rankd/client/internal';
import { observe, type Observer, RankdError } from '@rankd/client/observer';
import { settings, type SettingsOf } from '@rankd/startup/env-fields';
import { type Environment, parseSettings, SettingsError } from '@rankd/startup/env';
import { faultsOfTls, readTlsFiles, type TlsSettings } from '@rankd/startup/tls-files';
import { checkFields } from './check-arguments.js';
import { UsageError } from './errors.js';

/** The environment variables that rankctl reads. The client container uses the same names. */
const settingsSchema = settings.object({
  RANKD_URL: settings.text('rankd://127.0.0.1:2700', 'a URL'),
  RANKD_GROUP: settings.text('default', 'the group', '^[A-Za-z0-9._-]{1,64}$', '1 to 64 of A-Z a-z 0-9 . _ -'),
  RANKD_ADMIN_TOKEN: settings.secret('the admin token'),
  RANKD_TOKEN: settings.secret('the token that admits a session'),
  RANKD_TLS_CA: settings.optionalText('a file'),
  RANKD_TLS_CERT: settings.optionalText('a file'),
  RANKD_TLS_KEY: settings.optionalText('a file'),
});

/** The options of every verb. Each overrides the environment. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly group?: string;
  readonly token?: string;
}

/** The server, the group and the credentials. */
export interface Connection {
  readonly url: string;
  readonly group: string;
  readonly token: string | undefined;
  readonly tls: TlsSettings;
}

/** Whose token is used if the environment has both: an administrator's, or a member's. */
export type TokenOwner = 'administrator' | 'member';

/**
 * Combines the options and the environment.
 * @throws UsageError with every fault, one a line
 */
export function connectionOf(
  options: ConnectionOptions,
  environment: Environment,
  owner: TokenOwner = 'administrator',
): Connection {
  const config = configOf(environment, options);
  const url = options.url ?? config.RANKD_URL;
  const tls = isSecure(url) ? config : {};
  const faults = faultsOfTls(tls);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  const { RANKD_ADMIN_TOKEN: adminToken, RANKD_TOKEN: memberToken } = config;
  const tokens = owner === 'administrator' ? [adminToken, memberToken] : [memberToken, adminToken];
  const token = options.token ?? tokens[0] ?? tokens[1];
  if (token !== undefined) checkFields({ type: 'hello', token }, { token: 'the token' });
  return { url, group: config.RANKD_GROUP, token, tls };
}

function configOf(environment: Environment, { group }: ConnectionOptions): SettingsOf<typeof settingsSchema> {
  try {
    return parseSettings(settingsSchema, group === undefined ? environment : { ...environment, RANKD_GROUP: group });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new UsageError(error.faults.join('\n').replace(/^RANKD_GROUP /m, group === undefined ? '$&' : '--group '));
  }
}

/**
 * Returns whether the URL asks for TLS. In the server's container RANKD_TLS_* name the server's own files, so rankctl reads them
 * only for TLS.
 * @throws UsageError
 */
function isSecure(url: string): boolean {
  try {
    return parseServerAddresses(url).some(({ transport }) => transport === 'tls');
  } catch (error) {
    if (!(error instanceof RankdError)) throw error;
    throw new UsageError(`${JSON.stringify(url)} is not of the form rankd://host:port or rankds://host:port`);
  }
}

/**
 * Opens an observer's session.
 * @throws RankdError as `observe`
 */
export async function open({ url, group, token, tls }: Connection, signal?: AbortSignal): Promise<Observer> {
  return await observe(url, {
    group,
    token,
    tls: () => readTlsFiles(tls),
    ...(signal === undefined ? {} : { signal }),
  });
}
