/** A block of a page that is marked `sh` or `ts`, and how it is to be run. */
export interface DocBlock {
  readonly page: string;
  /** Of its opening fence, from 1. */
  readonly line: number;
  readonly kind: 'sh' | 'ts';
  readonly text: string;
  /** `<!-- block: until "…" -->`: go on once a command of the page has said this. */
  readonly until: string | undefined;
}

const FENCE = /^(?<comment><!-- block: until "(?<until>[^"\n]+)" -->\n+)?```(?<kind>sh|ts)\n(?<text>(?:.*\n)*?)```$/gm;

/** Every block of a page that is marked `sh` or `ts`, in its order. */
export function blocksOf(page: string, markdown: string): DocBlock[] {
  return [...markdown.matchAll(FENCE)].map(match => {
    const { comment = '', until, kind, text = '' } = match.groups ?? {};
    const line = lineAt(markdown, match.index + comment.length);
    return { page, line, kind: kind === 'sh' ? 'sh' : 'ts', text, until };
  });
}

/** The opening fences of a page, whatever their mark and however far they are set in. */
export function fencesOf(markdown: string): { readonly line: number; readonly mark: string; readonly text: string }[] {
  const fences = markdown.matchAll(/^ *(```|~~~)(?<mark>.*)\n(?<text>(?:.*\n)*?) *\1$/gm);
  return [...fences].map(({ index, groups: { mark = '', text = '' } = {} }) => {
    return { line: lineAt(markdown, index), mark, text };
  });
}

/** The file that a program is kept in: its first line, `// tutorial/worker.ts`. The page's commands compile and run it. */
export function fileOf({ kind, text }: DocBlock): string | undefined {
  return kind === 'ts' ? /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] : undefined;
}

/** The block as a module whose lines have the numbers that they have in the page: so errors name the page's lines. */
export function moduleOf({ line, text }: DocBlock): string {
  return `${'\n'.repeat(line)}${text}export {};\n`;
}

/** Where the block is kept as a module, without its ending. */
export function moduleName({ page, line }: DocBlock): string {
  return `blocks/${page.replaceAll('/', '=')}~${line}`;
}

/** The page of a module's name, up to its line. */
export function pageOf(name: string): string {
  return name.slice('blocks/'.length).replaceAll('=', '/');
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
