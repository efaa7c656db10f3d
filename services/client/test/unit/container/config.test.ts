import { describe, expect, it } from '@jest/globals';
import type { Environment, SettingsError } from '@rankd/startup';
import { parseClientConfig, tagsOf } from '../../../src/container/config.js';

function faultsOf(environment: Environment): readonly string[] {
  try {
    parseClientConfig(environment);
    return [];
  } catch (error) {
    return (error as SettingsError).faults;
  }
}

describe('RANKD_TAGS', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    ['zone=a', { zone: 'a' }],
    ['zone=a,disk=ssd', { zone: 'a', disk: 'ssd' }],
    ['empty=,sum=1=1', { empty: '', sum: '1=1' }],
  ])('has pairs separated by commas: %j', (text, tags) => {
    expect(tagsOf(text)).toEqual(tags);
  });
});

describe('the configuration of the client container', () => {
  it('has the defaults of the contract', () => {
    expect(parseClientConfig({})).toEqual({
      RANKD_URL: 'rankd://127.0.0.1:2700',
      RANKD_GROUP: 'default',
      RANKD_COMMAND_EVERY_MS: 0,
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
    });
  });

  it('accepts every value that the server accepts', () => {
    const tags = Array.from({ length: 16 }, (_, n) => `k${n}=${'v'.repeat(256)}`).join(',');
    expect(faultsOf({ RANKD_NAME: 'ännchen-1', RANKD_TAGS: tags, RANKD_URL: 'rankd://a,rankd://[::1]:1' })).toEqual([]);
  });

  it.each([
    ['RANKD_URL', 'http://localhost'],
    ['RANKD_URL', 'rankd://good,bad'],
    ['RANKD_GROUP', 'not a group'],
    ['RANKD_NAME', 'two words'],
    ['RANKD_NAME', 'x'.repeat(65)],
    ['RANKD_TAGS', 'zone'],
    ['RANKD_TAGS', `zone=${'x'.repeat(257)}`],
    ['RANKD_TAGS', Array.from({ length: 17 }, (_, n) => `k${n}=v`).join(',')],
    ['RANKD_COMMAND_EVERY_MS', '-1'],
    ['LOG_FORMAT', 'xml'],
  ])('rejects an invalid %s: %j', (variable, value) => {
    const faults = faultsOf({ [variable]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(variable);
  });
});
