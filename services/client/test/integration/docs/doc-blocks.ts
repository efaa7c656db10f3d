/** Reads the code blocks of a Markdown page. A block is a fence that is marked `sh` or `ts`, with how a test runs it. */
export interface DocBlock {
  readonly page: string;
  /** The line of its opening fence, from 1. */
  readonly line: number;
  readonly kind: 'sh' | 'ts';
  readonly text: string;
  /** The text of `<!-- block: until "…" -->`: the test continues when a command of the page has printed it. */
  readonly until: string | undefined;
}

const FENCE = /^(?<comment><!-- block: until "(?<until>[^"\n]+)" -->\n+)?```(?<kind>sh|ts)\n(?<text>(?:.*\n)*?)```$/gm;

/** Returns every block of a page, in order. */
export function blocksOf(page: string, markdown: string): DocBlock[] {
  return [...markdown.matchAll(FENCE)].map(match => {
    const { comment = '', until, kind, text = '' } = match.groups ?? {};
    const line = lineAt(markdown, match.index + comment.length);
    return { page, line, kind: kind === 'sh' ? 'sh' : 'ts', text, until };
  });
}

/** Returns the opening fences of a page, with any mark and any indentation. */
export function fencesOf(markdown: string): { readonly line: number; readonly mark: string; readonly text: string }[] {
  const fences = markdown.matchAll(/^ *(```|~~~)(?<mark>.*)\n(?<text>(?:.*\n)*?) *\1$/gm);
  return [...fences].map(({ index, groups: { mark = '', text = '' } = {} }) => {
    return { line: lineAt(markdown, index), mark, text };
  });
}

/** Returns the file name in the first line of a block (`// tutorial/worker.ts`). The page's commands compile and run that file. */
export function fileOf({ kind, text }: DocBlock): string | undefined {
  return kind === 'ts' ? /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] : undefined;
}

/** Returns the block as a module whose line numbers are those of the page, so that errors name the lines of the page. */
export function moduleOf({ line, text }: DocBlock): string {
  return `${'\n'.repeat(line)}${text}export {};\n`;
}

/** Returns the path of the block's module, without the extension. */
export function moduleName({ page, line }: DocBlock): string {
  return `blocks/${page.replaceAll('/', '=')}~${line}`;
}

/** Returns the page and line for the name of a module. */
export function pageOf(name: string): string {
  return name.slice('blocks/'.length).replaceAll('=', '/');
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
