/**
 * Returns a Lua script that checks a fencing token and writes in one step. It returns 'refused' if the token is older than the
 * largest one so far. KEYS[1] stores the largest token. ARGV[1] and ARGV[2] are the writer's epoch and view. `write` is the rest
 * of the script. It may use KEYS[2], ARGV[3] and those after them, and must not return 'refused'.
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
