/** Reasons of departures in words for people; a reason without words of its own is shown as the code that it is. */
const words: Readonly<Record<string, string>> = {
  CLOSED: 'connection closed',
  LEFT: 'said goodbye',
  HEARTBEAT_TIMEOUT: 'fell silent',
  SLOW_CONSUMER: 'did not read what it was sent',
};

/** `CLOSED`, the one reason that is no code of the error table, means that the member's own end closed the connection. */
export function reasonInWords(reason: string): string {
  return words[reason] ?? reason;
}
