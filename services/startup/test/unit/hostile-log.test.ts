import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { firstSteering, hostileTexts } from '@rankd/testkit';

/** Returns the log lines that the built logger writes for each text: as the message, as a field, as a key and in an error. */
function logged(LOG_FORMAT: 'json' | 'pretty'): string {
  const built = resolve(__dirname, '../../dist/index.js');
  const program = `
    import { createLogger } from ${JSON.stringify(built)};
    const logger = createLogger({ LOG_LEVEL: 'info', LOG_FORMAT: '${LOG_FORMAT}' });
    const texts = ${JSON.stringify(hostileTexts)};
    for (const text of texts) logger.info({ event: 'hostile', detail: text, [text]: 1, err: new Error(text) }, text);
    process.exit(0);`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
}

describe('a log line with hostile text', () => {
  it('cannot control a terminal in JSON, and has the same values', () => {
    const output = logged('json');
    expect(firstSteering(output)).toBeUndefined();
    const lines = output.trimEnd().split('\n');
    expect(lines.map(line => JSON.parse(line) as unknown)).toEqual(
      hostileTexts.map(text => expect.objectContaining({ msg: text, detail: text, [text]: 1 }) as unknown),
    );
  });

  it('cannot control a terminal in the pretty format, and is one line', () => {
    const output = logged('pretty');
    expect(firstSteering(output)).toBeUndefined();
    const lines = output.trimEnd().split('\n');
    expect(lines).toHaveLength(hostileTexts.length);
    for (const line of lines) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: \S/);
  });
});
