/** What the command line asks for cannot work here: exit code 78. Nothing was started. The message is for people. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
