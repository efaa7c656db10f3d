import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import process from 'node:process';
import { ESLint } from 'eslint';

/** Lints each text (a JSON list on standard input) as if it were that file of core/, by the repository's own rules. */

const repository = resolve(import.meta.dirname, '../../../..');
const core = resolve(repository, 'services/server/src/core');
const eslint = new ESLint({
  cwd: repository,
  // core/ needs no other project, and one project builds much faster than ten.
  overrideConfig: {
    files: ['services/server/src/core/**/*.ts'],
    languageOptions: {
      parserOptions: {
        project: ['services/server/src/core/tsconfig.json'],
        // With CI=true, eslint would take the text for the content of the file.
        disallowAutomaticSingleRunInference: true,
      },
    },
  },
});

const rules = [];
for (const source of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(source.text, { filePath: resolve(core, source.file) });
  rules.push(result.messages.map(({ ruleId, message }) => ruleId ?? message));
}
process.stdout.write(JSON.stringify(rules));
