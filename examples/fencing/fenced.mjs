/**
 * A Lua script that looks at a fencing token before it writes, in the same step: who comes with an older one than it has seen
 * is refused. KEYS[1] holds the largest token seen; ARGV[1] and ARGV[2] are the writer's epoch and view. `write` is the rest
 * of the script: it has KEYS[2], ARGV[3] and so on for itself, and returns something other than 'refused'.
 */
export function fenced(write) {
  return `
    local epoch, view = tonumber(ARGV[1]), tonumber(ARGV[2])
    local seen = redis.call('HMGET', KEYS[1], 'epoch', 'view')
    local seenEpoch, seenView = tonumber(seen[1] or '0'), tonumber(seen[2] or '0')
    if epoch < seenEpoch or (epoch == seenEpoch and view < seenView) then return 'refused' end
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'view', view)
    ${write}`;
}
