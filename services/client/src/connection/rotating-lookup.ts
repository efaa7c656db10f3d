import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Returns a lookup function for host names. It rotates the list of addresses to start at a random one, because one name may have the
 * addresses of several servers. So clients spread over the servers, and a client does not always try the same full server first.
 * @param random returns a number from 0 to 1
 */
export function createRotatingLookup(random: () => number, resolve: LookupFunction = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses = typeof found === 'string' ? [] : found;
      // `random` may return exactly 1.
      const start = Math.floor(random() * addresses.length) % Math.max(1, addresses.length);
      const rotated = [...addresses.slice(start), ...addresses.slice(0, start)];
      const [first] = rotated;
      if (options.all === true || first === undefined) callback(null, rotated);
      else callback(null, first.address, first.family);
    });
  };
}
