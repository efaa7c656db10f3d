/** The Lua script that claims the mirror for one server. */

import { EPOCH_MAX } from './writer-claim.js';

/**
 * The Lua script that claims `p:writer`, atomically. It returns what it did, the claim that it found, and the milliseconds until that claim
 * expires.
 *
 * - `look` changes nothing.
 * - `hold` claims the key if no server holds it, and takes it over from a server with a smaller epoch. If the epochs are equal, the larger
 *   incarnation holds it.
 * - `renew` does the same and renews this server's claim.
 * - `release` makes this server's claim expire soon.
 *
 * The first value is `held` if this server's claim is in Redis afterwards, `outranked` if another server holds the key, and `seen` after
 * `look` and `release`. A value that is not a claim is ignored.
 *
 * KEYS: writer ARGV: 1 look | hold | renew | release, 2 this server's claim as JSON, 3 its epoch, 4 its incarnation, 5 ms until it expires
 */
export const writerScript = `
local text = redis.pcall('GET', KEYS[1])
if type(text) ~= 'string' then text = '' end
local isJson, stored = pcall(cjson.decode, text)
local function isText(value, longest) return type(value) == 'string' and #value <= longest end
local function isClaim()
  if not isJson or type(stored) ~= 'table' or not isText(stored.server, 256) then return false end
  if not isText(stored.incarnation, 64) or stored.incarnation == '' or type(stored.epoch) ~= 'number' then return false end
  return stored.epoch >= 1 and stored.epoch <= ${EPOCH_MAX} and stored.epoch == math.floor(stored.epoch)
end
local ttlMs = redis.call('PTTL', KEYS[1])
local act, epoch, incarnation = ARGV[1], tonumber(ARGV[3]), ARGV[4]
local isOwn = isClaim() and stored.incarnation == incarnation
if act == 'look' then return { 'seen', text, ttlMs } end
if act == 'release' then
  if isOwn then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
  return { 'seen', text, ttlMs }
end
if isClaim() and not isOwn then
  local isLarger = stored.epoch > epoch or (stored.epoch == epoch and stored.incarnation > incarnation)
  if isLarger then return { 'outranked', text, ttlMs } end
end
if act == 'renew' or not isOwn then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[5]) end
return { 'held', text, ttlMs }
`;
