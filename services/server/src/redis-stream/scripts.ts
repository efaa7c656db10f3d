/**
 * The Lua scripts that append records, store a snapshot and trim the stream. All begin with `#!lua`, so that Redis checks memory, role and
 * replicas before it runs them. A refused script has therefore written nothing.
 *
 * Each script writes only if the stream still has the last record that its caller has read (the function `stands`). After a failover, the
 * promoted replica may have another history. A server that has not noticed this cannot change that history.
 */

/** The functions that all scripts use. */
const prelude = `#!lua
local function stands(id, mark)
  local record = redis.call('XRANGE', KEYS[1], id, id)[1]
  return record and record[2][2] == mark
end
local function parts(id)
  local epoch, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(epoch), tonumber(seq)
end
local function isNewer(id, other)
  local epoch, seq = parts(id)
  local otherEpoch, otherSeq = parts(other)
  return epoch > otherEpoch or (epoch == otherEpoch and seq > otherSeq)
end
`;

/**
 * Appends records, all or none. Each record contains the mark of the one before it.
 *
 * KEYS: log. ARGV: 1 'append' or 'begin' (an epoch), 2 epoch, 3 and 4 id and mark of the last record read, then mark and body of each
 * record. Returns an AppendAnswer.
 */
export const appendScript = `${prelude}
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not newest then return 'rewritten' end
if newest[1] == ARGV[3] and newest[2][2] ~= ARGV[4] then return 'rewritten' end
if newest[1] ~= ARGV[3] and not stands(ARGV[3], ARGV[4]) then return 'rewritten' end
local epoch, begun = tonumber(ARGV[2]), parts(newest[1])
local isBegin = ARGV[1] == 'begin'
if begun > epoch or (isBegin and begun == epoch) then return 'fenced' end
if begun < epoch and not isBegin then return 'unbegun' end
local id, previous = ARGV[2] .. (isBegin and '-0' or '-*'), newest[2][2]
for index = 5, #ARGV, 2 do
  redis.call('XADD', KEYS[1], id, 'm', ARGV[index], 'p', previous, 'b', ARGV[index + 1])
  previous = ARGV[index]
end
return 'ok'
`;

/**
 * Stores a snapshot, and keeps the newest one before it. Deletes a stored snapshot of another history.
 *
 * KEYS: log, snapshots, then the keys of the new snapshot, of `a` and of `b`. ARGV: 1 and 2 id and mark of the last record read, 3 the
 * new id, 4 `a` and 5 `b` as the caller has read them ('' for none), 6 the compressed text, 7 its hash. Returns 'saved', 'overtaken' or
 * 'rewritten'.
 */
export const saveScript = `${prelude}
if not stands(ARGV[1], ARGV[2]) then return 'rewritten' end
local record = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
if not record then return 'rewritten' end
local pointers = redis.call('HMGET', KEYS[2], 'a', 'b')
if (pointers[1] or '') ~= ARGV[4] or (pointers[2] or '') ~= ARGV[5] then return 'overtaken' end
local before = ARGV[5]
if ARGV[4] ~= '' and stands(ARGV[4], redis.call('HGET', KEYS[4], 'mark')) then
  if not isNewer(ARGV[3], ARGV[4]) then return 'overtaken' end
  before = ARGV[4]
  redis.call('DEL', KEYS[5])
else
  redis.call('DEL', KEYS[4])
end
redis.call('HSET', KEYS[3], 'mark', record[2][2], 'sha256', ARGV[7], 'deflated', ARGV[6])
redis.call('HSET', KEYS[2], 'a', ARGV[3], 'b', before)
return 'saved'
`;

/**
 * Removes the records before an id, except those after the older of the two snapshots.
 *
 * KEYS: log, snapshots. ARGV: 1 and 2 id and mark of the last record read, 3 the id. Returns 'trimmed', 'kept' or 'rewritten'.
 */
export const trimScript = `${prelude}
if not stands(ARGV[1], ARGV[2]) then return 'rewritten' end
local older = redis.call('HGET', KEYS[2], 'b')
if not older or older == '' then return 'kept' end
redis.call('XTRIM', KEYS[1], 'MINID', '~', isNewer(ARGV[3], older) and older or ARGV[3])
return 'trimmed'
`;
