/**
 * Brings a group's keys from one view to a newer one, at once. Refused by Redis itself where (epoch, view) is not newer than
 * what stands there; a reader never sees two views.
 *
 * The server sends what changed (joined and left members) and Redis closes the ranks, so that a departure costs the server
 * no work for the members below. Where the keys do not hold the view that the changes start from, it answers 'whole' and
 * the server sends the whole roster.
 *
 * KEYS: ranks, members, info, events, epoch
 * ARGV: 1 epoch, 2 view, 3 the view that the changes start from (or 'whole'), 4 info as JSON, 5 changes as JSON
 *       ([[0, member] left | [1, member, facts] joined]; for 'whole' every member as joined, by rank), 6 events as JSON
 *       (each a flat list of fields and values), 7 events kept, 8 ms until the keys expire
 */
export const mirrorScript = `
local epoch, view = tonumber(ARGV[1]), tonumber(ARGV[2])
local stored = redis.call('HMGET', KEYS[3], 'epoch', 'view')
local storedEpoch, storedView = tonumber(stored[1] or 0) or 0, tonumber(stored[2] or 0) or 0
if storedEpoch > epoch or (storedEpoch == epoch and storedView > view) then return 'stale' end
if ARGV[3] == 'whole' then
  redis.call('DEL', KEYS[1], KEYS[2])
elseif storedEpoch ~= epoch or storedView ~= tonumber(ARGV[3]) then
  return 'whole'
end
local size = redis.call('ZCARD', KEYS[1])
for _, change in ipairs(cjson.decode(ARGV[5])) do
  if change[1] == 1 then
    redis.call('ZADD', KEYS[1], size, change[2])
    redis.call('HSET', KEYS[2], change[2], change[3])
    size = size + 1
  else
    redis.call('ZREM', KEYS[1], change[2])
    redis.call('HDEL', KEYS[2], change[2])
  end
end
local ranked = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for index = 1, #ranked, 2 do
  local rank = (index - 1) / 2
  if tonumber(ranked[index + 1]) ~= rank then redis.call('ZADD', KEYS[1], rank, ranked[index]) end
end
for field, value in pairs(cjson.decode(ARGV[4])) do redis.call('HSET', KEYS[3], field, value) end
for _, event in ipairs(cjson.decode(ARGV[6])) do
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', unpack(event))
end
redis.call('SET', KEYS[5], ARGV[1])
for index = 1, 4 do redis.call('PEXPIRE', KEYS[index], ARGV[8]) end
return 'written'
`;
