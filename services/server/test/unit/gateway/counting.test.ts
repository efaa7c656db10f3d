import { describe, expect, it } from '@jest/globals';
import { ConnectionLimiter } from '../../../src/gateway/transport/connection-limiter.js';
import type { Connection } from '../../../src/gateway/transport/connection.js';
import { QueryRateLimit } from '../../../src/gateway/session/query-rate-limit.js';
import { FakeConnection } from './fake-connection.js';

const connectionOf = (host: string): Connection => Object.assign(new FakeConnection(), { host });

describe('R-JOIN-1 The server counts the open connections of each address', () => {
  it('rejects a connection past the limit of its address, until one is closed', () => {
    const book = new ConnectionLimiter(2);
    const [first, second, third] = [connectionOf('a'), connectionOf('a'), connectionOf('a')];
    expect([book.addConnection(first), book.addConnection(second), book.addConnection(third)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(book.addConnection(connectionOf('b'))).toBe(true);
    // A rejected connection counts until it is closed.
    book.recordClose({ connection: first });
    expect(book.addConnection(connectionOf('a'))).toBe(false);
    book.recordClose({ connection: second });
    book.recordClose({ connection: third });
    expect(book.addConnection(connectionOf('a'))).toBe(true);
  });

  it('counts a connection once if its close is reported twice', () => {
    const book = new ConnectionLimiter(1);
    const [first, second] = [connectionOf('a'), connectionOf('a')];
    expect([book.addConnection(first), book.addConnection(second)]).toEqual([true, false]);
    book.recordClose({ connection: first });
    book.recordClose({ connection: first });
    expect(book.addConnection(connectionOf('a'))).toBe(false);
  });

  it('starts at 0 again for an address without connections', () => {
    const book = new ConnectionLimiter(1);
    for (let round = 0; round < 3; round += 1) {
      const connection = connectionOf('a');
      expect(book.addConnection(connection)).toBe(true);
      book.recordClose({ connection });
    }
  });

  it('rejects no connection if there is no limit', () => {
    const book = new ConnectionLimiter(0);
    for (let count = 0; count < 1000; count += 1) expect(book.addConnection(connectionOf('a'))).toBe(true);
  });
});

describe('R-ASK-1 At most ten queries in any second', () => {
  it('accepts the next query one second after the first of the last ten', () => {
    const asks = new QueryRateLimit(10);
    for (let nowMs = 0; nowMs < 100; nowMs += 10) expect(asks.allows(nowMs)).toBe(true);
    expect(asks.allows(100)).toBe(false);
    expect(asks.allows(999)).toBe(false);
    expect(asks.allows(1000)).toBe(true);
    expect(asks.allows(1009)).toBe(false);
    expect(asks.allows(1010)).toBe(true);
  });

  it('does not count rejected queries', () => {
    const asks = new QueryRateLimit(1);
    expect(asks.allows(0)).toBe(true);
    for (let nowMs = 1; nowMs < 1000; nowMs += 1) expect(asks.allows(nowMs)).toBe(false);
    expect(asks.allows(1000)).toBe(true);
  });

  it('never accepts more than ten in any window of a second, for random times', () => {
    const asks = new QueryRateLimit(10);
    const allowed: number[] = [];
    for (let nowMs = 0; nowMs < 5000; nowMs += 7) if (asks.allows(nowMs)) allowed.push(nowMs);
    for (const from of allowed) {
      expect(allowed.filter(nowMs => nowMs >= from && nowMs < from + 1000).length).toBeLessThanOrEqual(10);
    }
    expect(allowed.length).toBeGreaterThanOrEqual(50);
  });
});
