import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { reachableUrl } from '../../src/reachable-url.js';

const info = (address: string, internal = false): NetworkInterfaceInfo =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
const loopback = [info('127.0.0.1', true), info('::1', true)];
const urlOf = (host: string, interfaces = {}, transport: 'tcp' | 'tls' | 'mutual tls' = 'tcp'): string =>
  reachableUrl({ host, port: 2700, transport }, () => interfaces);

describe('the URL by which a server is reached', () => {
  it('has the address on which the server listens, if it is one', () => {
    expect(urlOf('10.0.0.5', { lo: loopback })).toBe('rankd://10.0.0.5:2700');
    expect(urlOf('127.0.0.1', { eth0: [info('10.0.0.5')] })).toBe('rankd://127.0.0.1:2700');
    expect(urlOf('ranks.example', {}, 'tls')).toBe('rankds://ranks.example:2700');
    expect(urlOf('fd00::5', {}, 'mutual tls')).toBe('rankds://[fd00::5]:2700');
  });

  it.each(['0.0.0.0', '::', '::ffff:0.0.0.0'])('has an address of the machine instead of %s', host => {
    const interfaces = { lo: loopback, eth0: [info('fe80::1'), info('fd00::5'), info('172.18.0.3')] };
    expect(urlOf(host, interfaces)).toBe('rankd://172.18.0.3:2700');
    expect(urlOf(host, { lo: loopback, eth0: [info('fe80::1'), info('fd00::5')] })).toBe('rankd://[fd00::5]:2700');
    expect(urlOf(host, { lo: loopback, none: undefined })).toBe('rankd://127.0.0.1:2700');
  });
});
