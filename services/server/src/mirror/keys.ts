/** Every key of the mirror (contract: Redis). The group is a hash tag, so all of a group's keys share a cluster slot. */
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

/** The pattern that finds every group's last epoch, or its last order. */
export function keyPattern(prefix: string, name: 'epoch' | 'seats'): string {
  return `${prefix}:{*}:${name}`;
}

/** The group that a key is of. */
export function groupOf(key: string): string | undefined {
  return /^[A-Za-z0-9._-]{1,64}:\{([A-Za-z0-9._-]{1,64})\}:[a-z]{1,16}$/.exec(key)?.[1];
}
