/** The group in the page's address. */

/** Reads the group from the page's address (`/#group=jobs`), so that a link can open a group. */
export function groupInHash(hash: string): string | undefined {
  const group = new URLSearchParams(hash.slice(1)).get('group') ?? '';
  return /^[A-Za-z0-9._-]{1,64}$/.test(group) ? group : undefined;
}

/** Returns the address part that selects a group. */
export function hashOf(group: string): string {
  return `#${new URLSearchParams({ group }).toString()}`;
}
