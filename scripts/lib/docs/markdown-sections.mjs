/** The titles of sections that typedoc writes about a declaration. Every other title is the name of a declaration. */
const ofDeclaration = new Set([
  'Type Parameters',
  'Parameters',
  'Returns',
  'Throws',
  'Get Signature',
  'Implementation of',
  'Overrides',
]);

/** The deepest heading of Markdown. typedoc gives it to every section below that level. */
const deepest = 6;

/**
 * Reads a page of typedoc as a tree of sections: `level` of the heading, `title`, `body` up to the next heading, and `parts` below it.
 * A name at the deepest level belongs to the section about a declaration before it.
 */
export function readSections(markdown) {
  const root = { level: 0, title: '', body: '', parts: [] };
  const path = [root];
  for (const line of markdown.split('\n')) {
    const heading = /^(#+) (.*)$/.exec(line);
    if (heading === null) {
      path.at(-1).body += `${line}\n`;
      continue;
    }
    const title = heading[2];
    const section = { level: levelOf(heading[1].length, title, path), title, body: '', parts: [] };
    while (path.at(-1).level >= section.level) path.pop();
    path.at(-1).parts.push(section);
    path.push(section);
  }
  return root;
}

function levelOf(hashes, title, path) {
  const isBelow = path.some(({ level, title }) => level === deepest && ofDeclaration.has(title));
  return hashes === deepest && isBelow && !ofDeclaration.has(title) ? deepest + 1 : hashes;
}
