/** The reasons of departures and resignations, in words for people. */

/** The text for each reason. A reason without a text is shown as its code. */
const words: Readonly<Record<string, string>> = {
  CLOSED: 'connection closed',
  LEFT: 'sent leave',
  HEARTBEAT_TIMEOUT: 'did not answer pings',
  GRACE_ENDED: 'did not resume in time',
  REMOVED: 'removed by an administrator',
  RESTARTED: 'the server was restarted',
  SERVER_LOST: 'its server was lost',
  SERVER_LEFT: 'its server stopped',
  REPLACED: 'a newer session resumed its seat',
  RESIGNED: 'gave up its rank',
  SLOW_CONSUMER: 'did not read fast enough',
};

/** The reasons that have a text. */
export const departureReasons: readonly string[] = Object.keys(words);

/**
 * Returns the text for a reason, or the code itself if there is no text. Some reasons are not in the error table: CLOSED (the client closed
 * the connection), GRACE_ENDED, RESTARTED (the server restarted), SERVER_LOST and SERVER_LEFT (the member's server in a cluster failed or
 * stopped), and RESIGNED (R-RESIGN-1).
 */
export function reasonInWords(reason: string): string {
  return (Object.hasOwn(words, reason) ? words[reason] : undefined) ?? reason;
}
