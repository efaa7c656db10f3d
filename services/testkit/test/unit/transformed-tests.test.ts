/** Checks that errors in transformed tests have the positions of the source. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

/** Types are removed, so a line of the source has another number in the transformed file. */
interface Shape {
  width: number;
  height: number;
}

function fail(shape: Shape): never {
  throw new Error(`area ${shape.width * shape.height}`); // line: fails
}

function failInScope(shape: Shape): void {
  using scope = { shape, [Symbol.dispose]: () => undefined };
  fail(scope.shape); // line: fails in scope
}

function stackOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    return (error as Error).stack ?? '';
  }
  return '';
}

/** Returns the position of `code` in the line with this mark, in the form of a stack trace. */
function position(mark: string, code: string): string {
  const lines = readFileSync(__filename, 'utf8').split('\n');
  const index = lines.findIndex(line => line.endsWith(`// line: ${mark}`));
  const column = lines[index]?.indexOf(code) ?? -1;
  return `${__filename}:${index + 1}:${column + 1}`;
}

describe('a test that esbuild has transformed', () => {
  const shape = { width: 2, height: 3 };

  it('has the line and column of its source in the stack of an error', () => {
    expect(stackOf(() => fail(shape))).toContain(position('fails', 'new Error'));
  });

  it('has them where newer syntax was rewritten for Node 20', () => {
    expect(stackOf(() => failInScope(shape))).toContain(position('fails in scope', 'fail('));
  });

  it('can import at run time', async () => {
    const { version } = await import('esbuild');
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
