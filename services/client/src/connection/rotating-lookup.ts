import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * A name may stand for several servers. They are tried beginning at any of them, so that clients spread, and one that is
 * there but takes nobody is not the first every time.
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
