import { describe, expect, it } from '@jest/globals';
import { parseRequestTarget } from '@rankd/startup/http/request-target';
import { findRoute, isGroupPath, type Route } from '../../../src/observability/http/routes.js';

function routeOf(target: string): Route {
  const { pathname, query } = parseRequestTarget(target);
  return findRoute(pathname, query);
}

/** Returns the target that a browser, fetch or curl sends for a reference on the side port. */
function resolved(reference: string): string {
  const { pathname, search } = new URL(reference, 'http://localhost/');
  return pathname + search;
}

describe('groups called . and ..', () => {
  it.each(['.', '..'])('%j is reached by its query, which URL parsing leaves alone', group => {
    for (const written of [group, group.replaceAll('.', '%2e'), group.replaceAll('.', '%2E')]) {
      expect(routeOf(resolved(`api/roster?group=${written}`))).toEqual({ kind: 'roster', group });
      expect(routeOf(resolved(`api/events?pulse&group=${written}`))).toEqual({ kind: 'events', groups: [group] });
      expect(routeOf(resolved(`ranks?group=${written}`))).toEqual({ kind: 'table', group });
      expect(routeOf(resolved(`ranks?group=${written}&watch`))).toEqual({ kind: 'watched table', group });
    }
  });

  it.each(['.', '..', '%2e', '%2E%2e'])('%j in a path is the group, if the client sends it as it is', written => {
    const group = decodeURIComponent(written);
    expect(routeOf(`/api/groups/${written}`)).toEqual({ kind: 'roster', group });
    expect(routeOf(`/api/groups/${written}/events`)).toEqual({ kind: 'events', groups: [group] });
  });
});

it.each([
  'a%2Fevents',
  'a%2fb',
  '%2F',
  'a%3Fb',
  'a%23b',
  '%252e',
  '',
  'a//events',
  'a/b',
  'a/events/',
  ' ',
  'é',
  'x'.repeat(65),
])('/api/groups/%s is no group', written => {
  expect(routeOf(`/api/groups/${written}`)).toEqual({ kind: 'other' });
  expect(routeOf(`/api/groups/${written}/events`).kind).toBe('other');
});

it.each(['%2F', 'a/b', 'a%3Fb', '%23', '%252e', '', '%20'])('/api/events?group=%s is no group', written => {
  expect(routeOf(`/api/events?group=${written}`)).toEqual({ kind: 'other' });
  expect(routeOf(`/api/events?group=jobs&group=${written}`)).toEqual({ kind: 'other' });
  expect(routeOf(`/api/roster?group=${written}`)).toEqual({ kind: 'other' });
});

it('one stream has each of several groups once, and the usual one if none is named', () => {
  expect(routeOf('/api/events?group=b&pulse&group=a&group=b')).toEqual({ kind: 'events', groups: ['b', 'a'] });
  expect(routeOf('/api/events')).toEqual({ kind: 'events', groups: ['default'] });
  expect(routeOf('/api/roster')).toEqual({ kind: 'roster', group: 'default' });
});

it('an encoded slash separates nothing, and every other encoded letter is that letter', () => {
  expect(routeOf('/%61pi/groups/%6aobs')).toEqual({ kind: 'roster', group: 'jobs' });
  expect(routeOf('/api%2Fgroups')).toEqual({ kind: 'other' });
});

it('the paths of data are known in any form of the target', () => {
  for (const target of ['/api', '/api/x', '/%61pi/groups', 'http://a/ranks?x', 'HTTPS://a/api/events', '/ranks/']) {
    expect([target, isGroupPath(parseRequestTarget(target).pathname)]).toEqual([target, true]);
  }
  for (const target of ['/', '/apis', '/ranksx', '/metrics', '*', 'http://a', '/x?/api']) {
    expect([target, isGroupPath(parseRequestTarget(target).pathname)]).toEqual([target, false]);
  }
});

it.each([
  ['http://rankd.example:9464/ranks?watch', 'rankd.example:9464'],
  ['HTTP://127.0.0.1', '127.0.0.1'],
  ['http://a@b?x', 'a@b'],
  ['/ranks', undefined],
  ['//evil.example/ranks', undefined],
])('the authority of %s is %s', (target, authority) => {
  expect(parseRequestTarget(target).authority).toBe(authority);
});
