import http from 'node:http';
import { afterEach, expect, it, jest } from '@jest/globals';
import { HttpEndpoint } from '../../src/observability/http-endpoint.js';

afterEach(() => void jest.restoreAllMocks());

it('gives a request 10 s to come, and looks every second', () => {
  const created = jest.spyOn(http, 'createServer');
  // nothing of them is asked for before a request comes
  const nothing = {} as ConstructorParameters<typeof HttpEndpoint>[0];
  new HttpEndpoint({ ...nothing, pageDirectory: new URL('file:///nowhere/'), token: undefined });
  expect(created.mock.calls[0]?.[0]).toMatchObject({ requestTimeout: 10_000, connectionsCheckingInterval: 1000 });
  const server = created.mock.results[0]?.value as http.Server;
  expect([server.requestTimeout, server.headersTimeout]).toEqual([10_000, 10_000]);
});
