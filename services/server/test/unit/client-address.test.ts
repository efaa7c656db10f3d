import { Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { plainAddress } from '../../src/client-address.js';
import { ConnectionLimiter } from '../../src/gateway/transport/connection-limiter.js';
import { TcpConnection } from '../../src/gateway/transport/tcp-connection.js';

it.each([
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::FFFF:10.0.0.255', '10.0.0.255'],
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::ffff:7f00:1', '::ffff:7f00:1'],
  ['2001:db8::ffff:127.0.0.1', '2001:db8::ffff:127.0.0.1'],
  ['unknown', 'unknown'],
])('the plain address of %s is %s', (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});

const connectionFrom = (remoteAddress: string): TcpConnection =>
  new TcpConnection(
    Object.create(new Socket(), { remoteAddress: { value: remoteAddress }, remotePort: { value: 5000 } }) as Socket,
  );

it('a member of the mapped address is shown and limited as one of the IPv4 address', () => {
  const mapped = connectionFrom('::ffff:127.0.0.1');
  expect([mapped.host, mapped.address]).toEqual(['127.0.0.1', '127.0.0.1:5000']);
  expect(connectionFrom('::1').address).toBe('[::1]:5000');
  const limiter = new ConnectionLimiter(1);
  expect([mapped, connectionFrom('127.0.0.1')].map(each => limiter.addConnection(each))).toEqual([true, false]);
});
