import { describe, expect, it } from '@jest/globals';
import { formatAddress, parseServerAddresses } from '../../../src/connection/server-address.js';

describe('a server URL', () => {
  it.each([
    ['rankd://localhost:2701', [{ host: 'localhost', port: 2701, transport: 'tcp' }]],
    ['rankd://localhost', [{ host: 'localhost', port: 2700, transport: 'tcp' }]],
    ['rankd://localhost/', [{ host: 'localhost', port: 2700, transport: 'tcp' }]],
    ['rankd://10.0.0.7:1', [{ host: '10.0.0.7', port: 1, transport: 'tcp' }]],
    ['rankds://localhost', [{ host: 'localhost', port: 2700, transport: 'tls' }]],
    ['rankds://[::1]:7', [{ host: '::1', port: 7, transport: 'tls' }]],
    ['rankd://[::1]:2702', [{ host: '::1', port: 2702, transport: 'tcp' }]],
    ['rankd://[fe80::2]', [{ host: 'fe80::2', port: 2700, transport: 'tcp' }]],
    [
      'rankd://a:1, rankd://b ,,rankd://[::1]:3',
      [
        { host: 'a', port: 1, transport: 'tcp' },
        { host: 'b', port: 2700, transport: 'tcp' },
        { host: '::1', port: 3, transport: 'tcp' },
      ],
    ],
  ])('is parsed into host, port and transport: %s', (url, addresses) => {
    expect(parseServerAddresses(url)).toEqual(addresses);
  });

  it.each([
    '',
    ' , ',
    'localhost:2700',
    'http://localhost:2700',
    'rankd://',
    'rankd://:2700',
    'rankd://localhost:70000',
    'rankd://localhost:port',
    'rankd://good:1,bad',
  ])('is a BAD_ARGUMENT if it has another form: %j', url => {
    expect(() => parseServerAddresses(url)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT', retry: false }));
  });

  it('is formatted with brackets around an IPv6 address', () => {
    expect(formatAddress({ host: '::1', port: 2700 })).toBe('[::1]:2700');
    expect(formatAddress({ host: 'localhost', port: 2700 })).toBe('localhost:2700');
  });
});
