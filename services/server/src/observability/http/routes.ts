/** The paths of the side port that show groups. */

/** The limit of groups in one event stream. */
export const GROUPS_PER_STREAM_MAX = 64;

/** What a path shows. */
export type Route =
  | { readonly kind: 'groups' }
  | { readonly kind: 'roster'; readonly group: string }
  | { readonly kind: 'events'; readonly groups: readonly string[] }
  | { readonly kind: 'table' | 'watched table'; readonly group: string }
  /** Health, metrics, the live page, and unknown paths. */
  | { readonly kind: 'other' };

const GROUP = /^[A-Za-z0-9._-]{1,64}$/;
const USUAL = 'default';

/**
 * Returns what a path shows. Groups named `.` and `..` need `/api/roster?group=` and `/api/events?group=`, because URL parsing removes them
 * from a path even if they are written as `%2e`. A query for events may have several `group`: the stream then has all of them.
 */
export function findRoute(pathname: string, query: URLSearchParams): Route {
  const group = query.get('group') ?? USUAL;
  switch (pathname) {
    case '/ranks':
      return { kind: query.has('watch') ? 'watched table' : 'table', group };
    case '/api/groups':
      return { kind: 'groups' };
    case '/api/roster':
      return checkGroups({ kind: 'roster', group }, [group]);
    case '/api/events': {
      const groups = query.has('group') ? [...new Set(query.getAll('group'))] : [USUAL];
      return checkGroups({ kind: 'events', groups }, groups);
    }
    default:
      return findGroupRoute(pathname);
  }
}

/** Whether the path starts like one that shows members of groups. */
export function isGroupPath(pathname: string): boolean {
  return /^\/(?:api|ranks)(?:\/|$)/.test(pathname);
}

function findGroupRoute(pathname: string): Route {
  const [, group, events] = /^\/api\/groups\/([^/]+)(\/events)?$/.exec(pathname) ?? [];
  if (group === undefined) return { kind: 'other' };
  return checkGroups(events === undefined ? { kind: 'roster', group } : { kind: 'events', groups: [group] }, [group]);
}

function checkGroups(route: Route, groups: readonly string[]): Route {
  return groups.every(group => GROUP.test(group)) ? route : { kind: 'other' };
}
