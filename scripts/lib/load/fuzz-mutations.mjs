import { corpus, longCorpus, morsels, values } from './fuzz-corpus.mjs';

const CHANGES_MAX = 4;
/** One session in this many begins with a long field. */
const LONG_OF = 4;

/** The same numbers below `bound` for the same seed (mulberry32). */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return bound => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const spoilt = [flip, cut, splice, duplicate, truncate, insert];
/** What is still frames afterwards gets further in. */
const rearranged = [cut, splice, duplicate, retell].map(change => (bytes, random) => change(bytes, random, lineBounds));

/**
 * A recorded session with up to four things wrong with it: half of the time its bytes, half of the time what it says. A session
 * with a long field may go as it is.
 */
export function mutate(random) {
  const changes = random(2) === 0 ? spoilt : rearranged;
  const isLong = random(LONG_OF) === 0;
  const from = isLong ? longCorpus : corpus;
  let bytes = from[random(from.length)];
  for (let left = (isLong ? 0 : 1) + random(CHANGES_MAX); left > 0; left -= 1)
    bytes = changes[random(changes.length)](bytes, random);
  return bytes;
}

function flip(bytes, random) {
  if (bytes.length === 0) return bytes;
  const flipped = Buffer.from(bytes);
  flipped[random(bytes.length)] ^= 1 << random(8);
  return flipped;
}

function cut(bytes, random, boundsOf) {
  const [start, end] = rangeIn(bytes, random, boundsOf);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

function splice(bytes, random, boundsOf) {
  const other = corpus[random(corpus.length)];
  return put(other.subarray(...rangeIn(other, random, boundsOf)), bytes, random, boundsOf);
}

function duplicate(bytes, random, boundsOf) {
  return put(bytes.subarray(...rangeIn(bytes, random, boundsOf)), bytes, random, boundsOf);
}

function truncate(bytes, random) {
  return bytes.subarray(0, random(bytes.length + 1));
}

function insert(bytes, random) {
  return put(morsels[random(morsels.length)], bytes, random);
}

/** One value somewhere becomes another. */
function retell(bytes, random) {
  const text = bytes.toString('utf8');
  const places = [...text.matchAll(/(?<=":)("[^"]*"|[\d.]+|true|false)/g)];
  const place = places[random(places.length || 1)];
  if (place === undefined) return bytes;
  const end = place.index + place[0].length;
  return Buffer.from(text.slice(0, place.index) + values[random(values.length)] + text.slice(end));
}

function put(part, bytes, random, boundsOf) {
  const at = placeIn(bytes, random, boundsOf);
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

function rangeIn(bytes, random, boundsOf) {
  return [placeIn(bytes, random, boundsOf), placeIn(bytes, random, boundsOf)].sort((a, b) => a - b);
}

/** Anywhere, unless there are bounds to keep to. */
function placeIn(bytes, random, boundsOf) {
  const bounds = boundsOf?.(bytes);
  return bounds === undefined ? random(bytes.length + 1) : bounds[random(bounds.length)];
}

function lineBounds(bytes) {
  const bounds = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) bounds.push(at + 1);
  return bounds;
}
