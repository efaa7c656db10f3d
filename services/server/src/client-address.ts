/** The addresses of clients. */

/**
 * Returns an IPv4 address in its usual form. A socket that listens on IPv6 and IPv4 reports `::ffff:127.0.0.1` for `127.0.0.1`. Without
 * this function, one client would have two addresses in logs and limits.
 */
export function plainAddress(address: string): string {
  return /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i.exec(address)?.[1] ?? address;
}
