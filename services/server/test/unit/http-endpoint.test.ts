import http from 'node:http';
import { afterEach, expect, it, jest } from '@jest/globals';
import { HttpEndpoint } from '../../src/observability/http-endpoint.js';
import type { Directory } from '../../src/observability/directory.js';
import type { Metrics } from '../../src/observability/metrics.js';
import type { Streams } from '../../src/observability/streams.js';

afterEach(() => void jest.restoreAllMocks());

it('gives a request 10 s to come, and looks every second', () => {
  const created = jest.spyOn(http, 'createServer');
  // nothing of them is asked for before a request comes
  const nothing: unknown = {};
  new HttpEndpoint(nothing as Directory, nothing as Metrics, nothing as Streams, undefined);
  expect(created.mock.calls[0]?.[0]).toMatchObject({ requestTimeout: 10_000, connectionsCheckingInterval: 1000 });
  const server = created.mock.results[0]?.value as http.Server;
  expect([server.requestTimeout, server.headersTimeout]).toEqual([10_000, 10_000]);
});
