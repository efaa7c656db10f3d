/** The settings of the client container. */

import { checkClientMessage } from '@rankd/protocol';
import { faultsOfTls, parseSettings, settings, type Environment, type SettingsOf } from '@rankd/startup';
import { RankdError } from '../rankd-error.js';
import { parseServerAddresses } from '../connection/server-address.js';

/** The environment variables of the client container, with their defaults and their texts for docs/configuration.md. */
export const clientSettingsSchema = settings.object({
  RANKD_URL: settings.text(
    'rankd://127.0.0.1:2700',
    'The address of the server; rankds:// for TLS. Several addresses, separated by commas, are tried in turn.',
  ),
  RANKD_GROUP: settings.text(
    'default',
    'The group to join: 1 to 64 of A-Z a-z 0-9 . _ -',
    '^[A-Za-z0-9._-]{1,64}$',
    '1 to 64 of A-Z a-z 0-9 . _ -',
  ),
  RANKD_NAME: settings.optionalText(
    'The name of the member. None: in a container the name of the replica, such as client-3; elsewhere the host name.',
  ),
  RANKD_TAGS: settings.optionalText(
    'The tags of the member: key=value, separated by commas. Other members can send commands to a tag.',
    '^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$',
    'pairs such as zone=a,disk=ssd',
  ),
  RANKD_TOKEN: settings.secret('The token that the server requires. RANKD_TOKEN_FILE names a file that holds it.'),
  RANKD_TLS_CA: settings.optionalText(
    'At the client: the file with the CA that must have signed the certificate of the server. None: the CAs that Node trusts.',
  ),
  RANKD_TLS_CERT: settings.optionalText('The file with the certificate of the client and its chain.'),
  RANKD_TLS_KEY: settings.optionalText('The file with the private key of RANKD_TLS_CERT.'),
  RANKD_COMMAND_EVERY_MS: settings.millis(
    0,
    'How often the client sends a command: usually to its subordinates, sometimes to a superior. 0: never.',
  ),
  LOG_LEVEL: settings.choice(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'The lowest level that is logged.',
  ),
  LOG_FORMAT: settings.choice(['json', 'pretty'], 'json', 'json, or pretty for people who read the log in a terminal.'),
});

/** The settings of the client container, by name. */
export type ClientConfig = SettingsOf<typeof clientSettingsSchema>;

/**
 * Reads the client container's settings from environment variables.
 * @throws SettingsError with every invalid setting
 */
export function parseClientConfig(environment: Environment): ClientConfig {
  return parseSettings(clientSettingsSchema, environment, config => [
    ...faultsOfUrl(config),
    ...faultsOfTls(config),
    ...faultsOfHello(config),
  ]);
}

function faultsOfUrl({ RANKD_URL }: ClientConfig): string[] {
  try {
    parseServerAddresses(RANKD_URL);
    return [];
  } catch (error) {
    if (!(error instanceof RankdError)) throw error;
    return [`RANKD_URL: ${error.message}`];
  }
}

/** Returns an error text for each setting that the server would reject in a hello. */
function faultsOfHello({ RANKD_NAME: name, RANKD_TAGS }: ClientConfig): string[] {
  const checks = {
    RANKD_NAME: checkClientMessage({ type: 'hello', ...(name === undefined ? {} : { name }) }),
    RANKD_TAGS: checkClientMessage({ type: 'hello', tags: tagsOf(RANKD_TAGS) }),
  };
  return Object.entries(checks).flatMap(([variable, checked]) =>
    checked.kind === 'bad' ? [`${variable}: ${checked.detail}`] : [],
  );
}

/** Parses tags of the form `zone=a,disk=ssd`. */
export function tagsOf(text: string | undefined): Record<string, string> {
  const pairs = (text ?? '').split(',').filter(pair => pair !== '');
  return Object.fromEntries(pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
