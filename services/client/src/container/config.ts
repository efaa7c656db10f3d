/** The settings of the client container. */

import { checkClientMessage } from '@rankd/protocol';
import { faultsOfTls, parseSettings, settings, type Environment, type SettingsOf } from '@rankd/startup';
import { RankdError } from '../rankd-error.js';
import { parseServerAddresses } from '../connection/server-address.js';

/** The environment variables of the client container, with their defaults and their texts for docs/configuration.md. */
export const clientSettingsSchema = settings.object({
  RANKD_URL: settings.text(
    'rankd://127.0.0.1:2700',
    'where the coordinator is, rankds:// for TLS; several, comma-separated, are tried in turn',
  ),
  RANKD_GROUP: settings.text('default', 'the group to join: 1 to 64 of A-Z a-z 0-9 . _ -', '^[A-Za-z0-9._-]{1,64}$'),
  RANKD_NAME: settings.optionalText(
    "its name; none: in a container the replica's own, such as client-3, else the host's",
  ),
  RANKD_TAGS: settings.optionalText(
    'key=value, comma-separated; others can aim commands by them',
    '^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$',
  ),
  RANKD_TOKEN: settings.secret('what the server wants to hear; RANKD_TOKEN_FILE names a file instead'),
  RANKD_TLS_CA: settings.optionalText(
    "file with the CA that has to have signed the server's certificate; none: those that Node knows",
  ),
  RANKD_TLS_CERT: settings.optionalText('file with the certificate that it shows the server'),
  RANKD_TLS_KEY: settings.optionalText('file with its private key'),
  RANKD_COMMAND_EVERY_MS: settings.millis(
    0,
    'how often it orders those below to do something, and now and then someone above; 0: never',
  ),
  LOG_LEVEL: settings.choice(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'how much is logged',
  ),
  LOG_FORMAT: settings.choice(['json', 'pretty'], 'json', 'json, or pretty for a person who watches'),
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
