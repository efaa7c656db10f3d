import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Resolves a host name and starts the list of its addresses at a random one. One name may stand for several servers: so clients
 * spread over them, and a server that admits no member is not the first one at every attempt.
 */
export const rotatingLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const start = Math.floor(Math.random() * found.length);
    const addresses = [...found.slice(start), ...found.slice(0, start)];
    const [first] = addresses;
    if (options.all === true || first === undefined) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
