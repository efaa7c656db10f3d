import { describe, expect, it } from '@jest/globals';
import { settingNameSet } from '@rankd/startup/variables/known-variables';
import { clientSettingsSchema } from '../../../../client/src/container/config.js';
import { clientProgram } from '../../../../client/src/container/program-description.js';
import { serverSettingsSchema } from '../../../src/config.js';
import { serverProgram } from '../../../src/program-description.js';

/** `services/startup/src/variables/known-variables.ts` and the groups of `--help` have every setting. */

const schemas = { server: serverSettingsSchema, client: clientSettingsSchema };

it.each(Object.entries(schemas))('the known variables include every setting of the %s', (_, { properties }) => {
  const names = Object.entries(properties).flatMap(([name, field]) =>
    (field as { secret?: boolean }).secret === true ? [name, `${name}_FILE`] : [name],
  );
  expect(names.filter(name => !settingNameSet.has(name))).toEqual([]);
});

describe.each([serverProgram, clientProgram])('the help of $name', ({ groups, schema }) => {
  it('has every setting in one group', () => {
    const listed = Object.values(groups).flat();
    expect(new Set(listed).size).toBe(listed.length);
    expect(Object.keys(schema.properties).filter(name => !listed.includes(name))).toEqual([]);
  });
});
