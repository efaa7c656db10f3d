/** The Redis keys of the mirror. */

/** Returns the mirror's keys for one group (docs/operations/redis.md). The group is a hash tag, so its keys are in one slot of a Redis Cluster. */
export function mirrorKeys(
  prefix: string,
  group: string,
): Readonly<Record<'ranks' | 'members' | 'info' | 'events' | 'epoch' | 'seats', string>> {
  const key = (name: string): string => `${prefix}:{${group}}:${name}`;
  return {
    ranks: key('ranks'),
    members: key('members'),
    info: key('info'),
    events: key('events'),
    epoch: key('epoch'),
    seats: key('seats'),
  };
}

/** Returns the key of the claim to write the mirror (docs/operations/redis.md). */
export function writerKey(prefix: string): string {
  return `${prefix}:writer`;
}

/** Returns a SCAN pattern that matches the keys of epochs and seats of all groups. It matches some other keys too. */
export function orderKeysPattern(prefix: string): string {
  return `${prefix}:{*}:[es]*`;
}

/** Returns the name of the group to which a key belongs. Returns undefined if it is not a key of the mirror. */
export function parseGroupName(key: string): string | undefined {
  return /^[A-Za-z0-9._-]{1,64}:\{([A-Za-z0-9._-]{1,64})\}:[a-z]{1,16}$/.exec(key)?.[1];
}
