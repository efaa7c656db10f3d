import { describe, expect, it } from '@jest/globals';
import { timeGrowth, worstTexts } from '@rankd/testkit';
import { settings } from '@rankd/startup/env-fields';
import { parseSettings } from '@rankd/startup/env';
import type { TObject } from '@sinclair/typebox';
import { clientSettingsSchema } from '../../../client/src/container/config.js';
import { serverSettingsSchema } from '../../src/config.js';
import { parseRedisAddress } from '../../src/redis/redis-address.js';

const GROWTH_MAX = 30;
const CHARS = 200;

describe('a setting is read in time linear in its length', () => {
  it.each(textsOf(serverSettingsSchema, clientSettingsSchema))('%s', (variable, schema) => {
    const read = (text: string): void => {
      try {
        parseSettings(schema, { [variable]: text });
      } catch {
        // most of these texts are no setting at all
      }
    };
    for (const { name, make } of worstTexts()) {
      const growth = timeGrowth(size => read(make(size)), CHARS, 10);
      expect({ name, isLinear: growth < GROWTH_MAX }).toEqual({ name, isLinear: true });
    }
  });

  it.each(['redis://', 'redis+sentinel://', 'rediss+cluster://', 'redis+sentinel://u:p@h/', 'redis+cluster://@'])(
    'an address that begins with %s',
    prefix => {
      for (const { name, make } of worstTexts(prefix)) {
        const growth = timeGrowth(size => void parseRedisAddress(make(size)), CHARS, 10);
        expect({ name, isLinear: growth < GROWTH_MAX }).toEqual({ name, isLinear: true });
      }
    },
  );
});

/** One variable of each kind of string, with a schema of its own. Variables of one kind are read in the same way. */
function textsOf(...schemas: readonly TObject[]): readonly (readonly [string, TObject])[] {
  const texts = schemas
    .flatMap(({ properties }) => Object.entries(properties))
    .filter(([, { type }]) => type === 'string');
  const kinds = new Map(
    texts.map(([name, field]) => {
      const kind = JSON.stringify(field, ['pattern', 'secret']);
      return [kind, [name, settings.object({ [name]: field })]] as const;
    }),
  );
  return [...kinds.values()];
}
