import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Returns a lookup that resolves a host name and starts the list of its addresses at a random one. One name may stand for several
 * servers: so clients spread over them, and a server that admits no member is not the first one at every attempt.
 * @param random returns 0 to 1
 */
export function createRotatingLookup(random: () => number, resolve: LookupFunction = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses = typeof found === 'string' ? [] : found;
      // `random` may return 1 itself.
      const start = Math.floor(random() * addresses.length) % Math.max(1, addresses.length);
      const rotated = [...addresses.slice(start), ...addresses.slice(0, start)];
      const [first] = rotated;
      if (options.all === true || first === undefined) callback(null, rotated);
      else callback(null, first.address, first.family);
    });
  };
}
