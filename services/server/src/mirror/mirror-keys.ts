/** Every key of the mirror (contract: Redis). The group is a hash tag, so all of a group's keys share a cluster slot. */
export function mirrorKeys(
  prefix: string,
  group: string,
): Readonly<Record<'ranks' | 'members' | 'info' | 'events' | 'epoch', string>> {
  const key = (name: string): string => `${prefix}:{${group}}:${name}`;
  return {
    ranks: key('ranks'),
    members: key('members'),
    info: key('info'),
    events: key('events'),
    epoch: key('epoch'),
  };
}

/** The pattern that finds every group's last epoch. */
export function epochPattern(prefix: string): string {
  return `${prefix}:{*}:epoch`;
}
