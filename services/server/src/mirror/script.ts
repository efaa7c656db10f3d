/** The Lua script that writes a group's view to Redis. */

import { EPOCH_MAX } from './writer-claim.js';

/** How many ranks one ZADD renumbers. Each call has a cost, and Lua limits the number of arguments. */
const RANKS_A_CALL = 1000;

/**
 * Writes a newer view of a group to its keys. It is atomic, so a reader never sees parts of two views. It returns 'stale' if Redis has a
 * newer (epoch, view). A stored epoch that no server writes is ignored. With the same (epoch, view) it only renews the keys.
 *
 * The server sends only the changes, and the script renumbers the ranks. So after a departure, the server need not write each member with a
 * larger rank. The script returns 'whole' if the changes do not apply to the stored view, or if a key was evicted or deleted. The server
 * then sends the whole roster.
 *
 * The same write may arrive twice if its first answer was lost. The script then does not add an event again. It writes events first, so
 * that a Redis without free memory refuses the whole write.
 *
 * KEYS: ranks, members, info, events, epoch, seats.
 *
 * ARGV:
 * - 1 epoch
 * - 2 view
 * - 3 the view to which the changes apply, or 'whole'
 * - 4 info as JSON
 * - 5 changes as JSON: [0, member] left, [1, member, facts, seat] joined, [2, member, rank] moved, [3, member, facts, seat] away or
 *   resumed, [4, member, seat] another secret. For 'whole': every member as joined, by rank.
 * - 6 events as JSON: each a flat list of fields and values that begins with epoch and view
 * - 7 the number of events that are kept
 * - 8 milliseconds until the keys expire
 * - 9 milliseconds until the seats expire
 */
export const mirrorScript = `
local epoch, view = tonumber(ARGV[1]), tonumber(ARGV[2])
local stored = redis.call('HMGET', KEYS[3], 'epoch', 'view', 'size')
local function toEpoch(text)
  local epoch = tonumber(text or 0) or 0
  return epoch <= ${EPOCH_MAX} and epoch or 0
end
local storedEpoch, storedView = toEpoch(stored[1]), tonumber(stored[2] or 0) or 0
local function isNewer(epoch, view) return epoch > storedEpoch or (epoch == storedEpoch and view > storedView) end
local isSame = epoch == storedEpoch and view == storedView
if not (isSame or isNewer(epoch, view)) then return 'stale' end

local size = redis.call('ZCARD', KEYS[1])
local isWhole = ARGV[3] == 'whole'
if not isWhole then
  local holdsFrom = storedEpoch == epoch and storedView == tonumber(ARGV[3])
  local seats = size == 0 and 0 or size + 1
  local isComplete = size == tonumber(stored[3] or -1) and size == redis.call('HLEN', KEYS[2])
  isComplete = isComplete and seats == redis.call('HLEN', KEYS[6])
  if not (holdsFrom and isComplete) then return 'whole' end
end

for _, event in ipairs(cjson.decode(ARGV[6])) do
  if isNewer(tonumber(event[2]), tonumber(event[4])) then
    redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', unpack(event))
  end
end

if isWhole then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[6])
  size = 0
end
local movedFrom
local function closeUp()
  if not movedFrom then return end
  local order = redis.call('ZRANGE', KEYS[1], movedFrom, -1)
  for first = 1, #order, ${RANKS_A_CALL} do
    local ranks = {}
    for index = first, math.min(first + ${RANKS_A_CALL - 1}, #order) do
      ranks[#ranks + 1] = movedFrom + index - 1
      ranks[#ranks + 1] = order[index]
    end
    redis.call('ZADD', KEYS[1], unpack(ranks))
  end
  movedFrom = nil
  size = redis.call('ZCARD', KEYS[1])
end
for _, change in ipairs(cjson.decode(ARGV[5])) do
  if change[1] == 1 then
    redis.call('ZADD', KEYS[1], size, change[2])
    redis.call('HSET', KEYS[2], change[2], change[3])
    redis.call('HSET', KEYS[6], change[2], change[4])
    size = size + 1
  elseif change[1] == 2 then
    closeUp()
    local from, to = redis.call('ZRANK', KEYS[1], change[2]), change[3]
    if from then
      redis.call('ZADD', KEYS[1], to < from and to - 0.5 or to + 0.5, change[2])
      movedFrom = math.min(from, to)
      closeUp()
    end
  elseif change[1] == 3 then
    redis.call('HSET', KEYS[2], change[2], change[3])
    redis.call('HSET', KEYS[6], change[2], change[4])
  elseif change[1] == 4 then
    redis.call('HSET', KEYS[6], change[2], change[3])
  else
    local vacated = redis.call('ZRANK', KEYS[1], change[2])
    if vacated and (not movedFrom or vacated < movedFrom) then movedFrom = vacated end
    redis.call('ZREM', KEYS[1], change[2])
    redis.call('HDEL', KEYS[2], change[2])
    redis.call('HDEL', KEYS[6], change[2])
  end
end
closeUp()
local order = redis.call('ZRANGE', KEYS[1], 0, -1)
if #order > 0 then redis.call('HSET', KEYS[6], '#order', table.concat(order, ' ')) else redis.call('DEL', KEYS[6]) end
redis.call('PEXPIRE', KEYS[6], ARGV[9])
for field, value in pairs(cjson.decode(ARGV[4])) do redis.call('HSET', KEYS[3], field, value) end
if epoch > toEpoch(redis.call('GET', KEYS[5])) then redis.call('SET', KEYS[5], ARGV[1]) end
for index = 1, 4 do redis.call('PEXPIRE', KEYS[index], ARGV[8]) end
return 'written'
`;
