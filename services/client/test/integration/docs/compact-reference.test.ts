import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';

/** Shortens a page of typedoc as scripts/docs.mjs does. Returns the lines that are not empty. */
function compacted(lines: readonly string[]): readonly string[] {
  const script = `
    import { compactReference } from ${JSON.stringify(pathToFileURL(resolve(repository, 'scripts/lib/docs/compact-reference.mjs')).href)};
    import { readFileSync } from 'node:fs';
    process.stdout.write(compactReference(readFileSync(0, 'utf8')));`;
  const input = lines.join('\n\n');
  const page = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { input, encoding: 'utf8' });
  return page.split('\n').filter(line => line.trim() !== '');
}

it('a property becomes a list item with its type and its text', () => {
  const declaration = '> `readonly` `optional` **name?**: `string`';
  const page = ['### Options', 'Options.', '#### Properties', '##### name?', declaration, 'The name.', '***'];
  expect(compacted(page)).toEqual(['### Options', 'Options.', '- **name?**: `string`. The name.']);
});

it('the fields of an object become its type', () => {
  const fields = ['###### rank', '> **rank**: `number`', '###### reason?', '> `optional` **reason?**: `string`'];
  const page = ['### Change', '#### Properties', '##### cause', '> **cause**: `object`', 'The cause.', ...fields];
  expect(compacted(page)).toContain('- **cause**: \\{ rank: `number`; reason?: `string` \\}. The cause.');
});

it('a method keeps its text, its errors and the texts of its parameters', () => {
  const parameters = ['###### Parameters', '###### rank', '`number`', '###### name', '`string`\n\nthe name'];
  const rest = ['###### Returns', '`void`', '###### Throws', 'RankdError ABORTED'];
  const page = ['### Member', '#### Methods', '##### wait()', '> **wait**(`rank`, `name`): `void`', 'Waits.'];
  expect(compacted([...page, ...parameters, ...rest])).toEqual([
    '### Member',
    '#### wait()',
    '> **wait**(`rank`: `number`, `name`: `string`): `void`',
    'Waits.',
    '- **name**: the name',
    '**Throws** RankdError ABORTED',
  ]);
});

it('a union of many texts is shown as `string`, a short one as it is', () => {
  const texts = Array.from({ length: 13 }, (_, index) => `\`"C${index}"\``);
  const page = (union: readonly string[]) => ['### E', '#### Properties', '##### c', `> **c**: ${union.join(' \\| ')}`];
  expect(compacted(page([...texts, '`undefined`']))).toContain('- **c**: `string` \\| `undefined`');
  expect(compacted(page(texts.slice(1)))).toContain(`- **c**: ${texts.slice(1).join(' \\| ')}`);
});

it('a link to a type leads to its only heading', () => {
  const page = ['### Options', '#### Properties', '##### dial', '> **dial**: [`Dial`](#dial-1)', '### Dial', 'Opens.'];
  expect(compacted(page)).toEqual(['### Options', '- **dial**: [`Dial`](#dial)', '### Dial', 'Opens.']);
});
