/** Reasons of departures in words for people; a reason without words of its own is shown as the code that it is. */
const words: Readonly<Record<string, string>> = {
  CLOSED: 'connection closed',
  LEFT: 'said goodbye',
  HEARTBEAT_TIMEOUT: 'fell silent',
  GRACE_ENDED: 'did not come back in time',
  REMOVED: 'removed by an administrator',
  RESTARTED: 'the server was restarted',
  SERVER_LOST: 'its server was lost',
  SERVER_LEFT: 'its server went down',
  REPLACED: 'another session had taken its seat',
  SLOW_CONSUMER: 'did not read what it was sent',
};

/** Every reason that has words: those that a departure is usually told with. */
export const departureReasons: readonly string[] = Object.keys(words);

/**
 * Reasons that are no codes of the error table: CLOSED (its own end closed), GRACE_ENDED, RESTARTED (the server was), SERVER_LOST
 * and SERVER_LEFT (of a cluster, the server that it was connected to).
 */
export function reasonInWords(reason: string): string {
  return (Object.hasOwn(words, reason) ? words[reason] : undefined) ?? reason;
}
