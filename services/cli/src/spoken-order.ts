import { UsageError } from './failure.js';
import { wholeNumber } from './whole-number.js';

/** What was typed in an attached session. */
export type Spoken =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ask'; readonly what: 'help' | 'ls' | 'quit' }
  | {
      readonly kind: 'order';
      readonly name: string;
      readonly argsJson: string | undefined;
      readonly to: string;
      readonly deadlineMs: number | undefined;
    };

const asks = new Map([
  ['/help', 'help'],
  ['/ls', 'ls'],
  ['/quit', 'quit'],
] as const);

/** `NAME [JSON] [--to below|all|RANKS] [--deadline MS]`, or `/help`, `/ls`, `/quit`. @throws UsageError */
export function parseSpoken(line: string): Spoken {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('/')) return askOf(text);
  const options = new Map<string, string>();
  let rest = text;
  for (let found = optionAtEnd(rest); found !== undefined; found = optionAtEnd(rest)) {
    options.set(found.name, found.value);
    rest = found.rest;
  }
  const [, name = '', args] = /^(\S+)(?:\s+([\s\S]*))?$/.exec(rest) ?? [];
  if (name.startsWith('--')) throw new UsageError('the name of the command comes first: /help tells how');
  const deadline = options.get('deadline');
  return {
    kind: 'order',
    name,
    argsJson: args === undefined ? undefined : checkJson(args),
    to: options.get('to') ?? 'below',
    deadlineMs: deadline === undefined ? undefined : wholeNumber('--deadline', deadline, 1),
  };
}

function askOf(text: string): Spoken {
  const what = [...asks].find(([word]) => word === text)?.[1];
  if (what === undefined) throw new UsageError(`there is no ${text}: /help tells what there is`);
  return { kind: 'ask', what };
}

function optionAtEnd(text: string): { name: string; value: string; rest: string } | undefined {
  const [, rest, name, value] = /^([\s\S]*?)\s+--(to|deadline)[\s=]+(\S+)$/.exec(text) ?? [];
  return rest === undefined || name === undefined || value === undefined ? undefined : { name, value, rest };
}

/** The text as it is: it is sent so. @throws UsageError */
export function checkJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    const hint = /^[\w .-]+$/.test(text) ? `: a text goes in quotes, '"${text}"'` : '';
    throw new UsageError(`${text} is no JSON${hint}`);
  }
}
