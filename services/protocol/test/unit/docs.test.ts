import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { Value } from '@sinclair/typebox/value';
import { errorCodes, type ErrorEntry, type ErrorPlace } from '../../src/error-codes.js';
import { parseFrame } from '../../src/frames/parse-frame.js';
import { limits } from '../../src/limits.js';
import { checkClientMessage } from '../../src/schemas/check-client-message.js';
import { serverMessageSchemas } from '../../src/schemas/server-messages.js';
import { messageRows, protocolWords, shapes, spelledOut } from './message-table.js';

const protocolPage = readFileSync(join(repository, 'docs/protocol.md'), 'utf8');
const errorsPage = readFileSync(join(repository, 'docs/errors.md'), 'utf8');

/** The rules of the contract in its order, copied by hand. */
const rules = [
  'R-FRAME-1',
  'R-FRAME-2',
  'R-FRAME-3',
  'R-FRAME-4',
  'R-JOIN-1',
  'R-JOIN-2',
  'R-JOIN-3',
  'R-JOIN-4',
  'R-JOIN-5',
  'R-JOIN-6',
  'R-VIEW-1',
  'R-VIEW-2',
  'R-VIEW-3',
  'R-VIEW-4',
  'R-VIEW-5',
  'R-VIEW-6',
  'R-LEAD-1',
  'R-LEAD-2',
  'R-LIFE-1',
  'R-LEAD-3',
  'R-FLOW-1',
  'R-CMD-1',
  'R-CMD-2',
  'R-CMD-3',
  'R-CMD-4',
  'R-CMD-5',
  'R-CMD-6',
  'R-CMD-7',
  'R-CMD-8',
  'R-CMD-9',
  'R-ASK-1',
  'R-RESIGN-1',
  'R-PACE-1',
  'R-ADMIN-1',
  'R-BYE-1',
  'R-BYE-2',
];

/** Whether a client may reconnect after each code, by the contract (R-BYE-1). */
const retryOfBye: Readonly<Record<string, boolean>> = {
  FULL: true,
  HELLO_TIMEOUT: true,
  HEARTBEAT_TIMEOUT: true,
  SLOW_CONSUMER: true,
  RATE_LIMITED: true,
  DRAINING: true,
  UNAVAILABLE: true,
  UNAUTHORIZED: false,
  UNSUPPORTED: false,
  HELLO_EXPECTED: false,
  FRAME_TOO_LARGE: false,
  BAD_FRAME: false,
  BAD_MESSAGE: false,
  REPLACED: false,
  REMOVED: false,
  LEFT: false,
};

const entries: readonly (readonly [string, ErrorEntry])[] = Object.entries(errorCodes);
const codesOn = (...places: readonly ErrorPlace[]): string[] =>
  entries.filter(([, { on }]) => on.some(place => places.includes(place))).map(([code]) => code);

/** Reasons of departures that are no error codes (departure-reasons.ts). */
const reasonsOnly = ['CLOSED', 'RESTARTED', 'SERVER_LOST', 'SERVER_LEFT'];
/** Words in code style that do not belong to the protocol: of line ends, of JSON, of the examples. */
const otherWords = ['n', 'r', '__proto__', 'false', 'default', 'ann', 'bob', 'cid', ...Object.keys(limits)];

const withoutBlocks = (page: string): string => page.replaceAll(/^ *```[^]*?^ *```$/gm, '');
const prose = withoutBlocks(protocolPage);
const codeSpans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);

/** Returns the cells of each row of the table with these headings. */
function tableOf(page: string, ...headings: readonly string[]): string[][] {
  const cellsOf = (line: string): string[] =>
    line
      .slice(1, -1)
      .split('|')
      .map(cell => cell.trim());
  const lines = page.split('\n');
  const start = lines.findIndex(line => line.startsWith('|') && cellsOf(line).join() === headings.join());
  if (start === -1) throw new Error(`no table with the headings ${headings.join(', ')}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map(cellsOf);
}

describe('docs/errors.md', () => {
  it('is what scripts/docs.mjs makes from the table', () => {
    // The table is passed as JSON, so that the test compares the source and not an older build.
    const script = `
      import { renderErrors } from ${JSON.stringify(pathToFileURL(join(repository, 'scripts/lib/docs/render-errors.mjs')).href)};
      import { readFileSync } from 'node:fs';
      process.stdout.write(await renderErrors(JSON.parse(readFileSync(0, 'utf8'))));
    `;
    const wanted = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      input: JSON.stringify(errorCodes),
      encoding: 'utf8',
    });
    expect(errorsPage).toBe(wanted);
  });

  it('has a row for every code, and no other', () => {
    const rows = tableOf(errorsPage, 'Code', 'Where', 'Retry', 'Meaning', 'What to do');
    expect(rows.map(([code, where, retry]) => [code, where, retry])).toEqual(
      entries.map(([code, { on, retry }]) => [`\`${code}\``, on.join(', '), retry ? 'yes' : 'no']),
    );
  });
});

describe('docs/protocol.md: rules', () => {
  it('defines each rule of the contract once, in its order, and no other', () => {
    const defined = [...prose.matchAll(/^\*\*(R-[A-Z]+-\d+)\*\* /gm)].map(([, rule]) => rule);
    expect(defined).toEqual(rules);
  });

  it('cites no rule that does not exist', () => {
    const cited = [...protocolPage.matchAll(/R-[A-Z]+-\d+/g)].map(([rule]) => rule);
    expect(cited.filter(rule => !rules.includes(rule))).toEqual([]);
  });
});

describe('docs/protocol.md: messages', () => {
  const rows = tableOf(protocolPage, 'Message', 'From', 'When', 'Fields');

  it.each(messageRows())('$message from $from has the fields of its schema, with type and bound', row => {
    const found = rows.filter(([message, from]) => message === row.message && from === row.from);
    expect(found.map(([, , , fields]) => fields)).toEqual([row.fields]);
    expect(found[0]?.[2]).not.toBe('');
  });

  it('has no row for a message that does not exist', () => {
    expect(rows.map(([message, from]) => `${message} ${from}`)).toEqual(
      messageRows().map(({ message, from }) => `${message} ${from}`),
    );
  });

  it('has the types that several messages share', () => {
    expect(tableOf(protocolPage, 'Shape', 'Fields')).toEqual(
      [...shapes].map(([name, schema]) => [name, spelledOut(schema)]),
    );
  });

  it('has in code style only messages, fields and literals that exist', () => {
    const known = new Set([...protocolWords(), ...otherWords]);
    const words = codeSpans
      .filter(span => !/^(?:[A-Z_]+|R-[A-Z]+-\d|RANKD_…)$/.test(span))
      .flatMap(span => span.match(/\w*[a-z]\w*/g) ?? []);
    expect([...new Set(words.filter(word => !known.has(word)))]).toEqual([]);
  });

  it('names only settings that the server has', () => {
    const config = readFileSync(join(repository, 'services/server/src/config.ts'), 'utf8');
    const settings = [...new Set([...protocolPage.matchAll(/RANKD_[A-Z_]+/g)].map(([name]) => name))];
    expect(settings.filter(name => name !== 'RANKD_' && !config.includes(`${name}:`))).toEqual([]);
  });

  it('has no broken link or anchor', () => {
    const anchors = [...prose.matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, target = ''] of prose.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('#')) expect(anchors).toContain(target.slice(1));
      else expect([target, existsSync(join(repository, 'docs', target))]).toEqual([target, true]);
    }
  });
});

describe('docs/protocol.md: codes', () => {
  it.each(codesOn('bye', 'receipt', 'refused', 'error'))('names %s', code => {
    expect(codeSpans).toContain(code);
  });

  it('names no code that does not exist', () => {
    const written = [...protocolPage.matchAll(/(?<![A-Z_-])[A-Z]+(?:_[A-Z]+)+(?![A-Z_])/g)].map(([code]) => code);
    const spans = codeSpans.filter(span => /^[A-Z][A-Z_]+$/.test(span));
    const strangers = [...new Set([...written, ...spans])].filter(code => {
      return !(code in errorCodes) && !reasonsOnly.includes(code) && !code.startsWith('RANKD_');
    });
    expect(strangers).toEqual([]);
  });

  it('says for every code of a bye whether a client may reconnect, as the table and the contract do', () => {
    const told = tableOf(protocolPage, '`retry`', 'Codes').flatMap(([retry, codes = '']) =>
      [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code = '']): [string, boolean] => [code, retry === 'true']),
    );
    expect(Object.fromEntries(told)).toEqual(retryOfBye);
    expect(Object.fromEntries(codesOn('bye').map(code => [code, errorCodes[code as 'FULL'].retry]))).toEqual(
      retryOfBye,
    );
  });

  it('explains every code of a receipt', () => {
    const explained = tableOf(protocolPage, 'Code', 'When').map(([code = '']) => code.replaceAll('`', ''));
    expect([...explained].sort()).toEqual(codesOn('receipt').sort());
  });
});

describe('docs/protocol.md: limits', () => {
  it('has a row with the number of each limit, and no other', () => {
    const rows = tableOf(protocolPage, 'Limit', 'Value', 'Of what');
    expect(Object.fromEntries(rows.map(([limit, value]) => [limit, value]))).toEqual(
      Object.fromEntries(Object.entries(limits).map(([limit, value]) => [`\`${limit}\``, String(value)])),
    );
    expect(rows).toHaveLength(Object.keys(limits).length);
  });

  const flowing = prose.replaceAll(/\s+/g, ' ');

  it.each([
    [`before \`welcome\` ${limits.helloFrameBytesMax} bytes`],
    [`may have \`frameBytesMax\` - ${limits.frameOverheadBytes} bytes`],
    [`nests deeper than ${limits.nestingMax} levels`],
    [`ids, names, tag keys and reasons to ${limits.wordCharsMax} characters`],
    [`tag values to ${limits.tagValueCharsMax} characters`],
    [`tokens and secrets to ${limits.secretCharsMax} characters`],
    [`at most ${limits.tagsMax} tags`],
    [`keys of 1-${limits.wordCharsMax} characters, values strings of 0-${limits.tagValueCharsMax} characters`],
    [`A list has at most ${limits.targetsMax} entries`],
    [`\`refused\` (at most ${limits.refusedMax} entries)`],
    [`A \`view\` that only contains another size may come ${limits.sizeDelayMsMax} ms late`],
    [`\`unmatched\`, a list of at most ${limits.refusedMax} of them`],
    [`\`missing\` (those that did not do it, at most ${limits.missingMax} entries)`],
    [`at most \`limit\` (${limits.historyDefault} unless given) of the ${limits.historyMax} that are kept`],
    [`More than ${limits.queriesPerSecondMax} queries a second`],
    [`1 or more; ${limits.deadlineMsDefault} unless given`],
  ])('says: %s', sentence => {
    expect(flowing).toContain(sentence);
  });

  it('contains no size that is not a limit', () => {
    const known = new Set<number>(Object.values(limits));
    const quoted = [...flowing.matchAll(/(\d+) (?:bytes|characters|levels|tags|entries|queries)/g)];
    expect(quoted.map(([size]) => size).filter(size => !known.has(Number.parseInt(size)))).toEqual([]);
    expect(quoted.length).toBeGreaterThan(10);
  });
});

describe('docs/protocol.md: sample session', () => {
  const lines = [...protocolPage.matchAll(/^ *([<>]) (\{.*)$/gm)].map(([, side, text]) => ({ side, text }));

  it('shows both sides', () => {
    expect(lines.filter(({ side }) => side === '>').length).toBeGreaterThanOrEqual(7);
    expect(lines.filter(({ side }) => side === '<').length).toBeGreaterThanOrEqual(8);
  });

  it.each(lines)('$side $text', ({ side, text = '' }) => {
    const frame = parseFrame(text);
    if (frame === undefined) throw new Error('not a frame');
    if (side === '>') {
      expect(checkClientMessage(frame)).toEqual({ kind: 'message', message: frame });
    } else {
      const schema = Object.entries(serverMessageSchemas).find(([type]) => type === frame['type'])?.[1];
      if (schema === undefined) throw new Error(`no server message is ${String(frame['type'])}`);
      expect([...Value.Errors(schema, frame)]).toEqual([]);
    }
    expect(strangersIn(frame)).toEqual([]);
  });

  it.each(codeSpans.filter(span => span.startsWith('{"type"')).map(span => [span]))('%s, in a rule', span => {
    const frame = parseFrame(span) ?? {};
    if (frame['type'] === 'yield') expect([...Value.Errors(serverMessageSchemas.yield, frame)]).toEqual([]);
    else expect(checkClientMessage(frame).kind).toBe('message');
    expect(strangersIn(frame)).toEqual([]);
  });

  /** Returns the keys that the protocol does not know, except in the payloads of users. */
  function strangersIn(value: unknown): string[] {
    const known = protocolWords();
    if (Array.isArray(value)) return value.flatMap(strangersIn);
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, item]) => {
      if (key === 'type' || known.has(key)) return ['args', 'value', 'tags'].includes(key) ? [] : strangersIn(item);
      return [key];
    });
  }
});
