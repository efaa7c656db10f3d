import { basename, dirname, extname } from 'node:path';
import { codePieces } from './code-pieces.mjs';
import { withoutMarks } from './comment-marks.mjs';
import { markdownProse, withoutCode } from './markdown-prose.mjs';
import { blankRegions, blankText, keepRegions } from './regions.mjs';

/**
 * Returns the parts of a file that people read, as `{ start, text }`. `start` is the offset of `text` in the file. In `text`, spaces
 * replace everything that is not prose, so that its length stays the same and offsets in it can be added to `start`.
 */
export function textPieces(path, content) {
  if (/\.[cm]?[jt]sx?$/.test(path)) return codePieces(path, content);
  const prose = proseOf(path);
  return prose === undefined ? [] : [{ start: 0, text: prose(content) }];
}

function proseOf(path) {
  if (path.endsWith('.md')) return markdownProse;
  if (path.endsWith('.html')) return content => blankRegions(content, [{ open: '<', close: '>' }]);
  if (path.endsWith('.py'))
    return content => withoutCode(withoutMarks(keepRegions(content, pythonTexts, isSeveralWords)));
  if (/\.(css|c|h)$/.test(path)) return content => withoutMarks(keepRegions(content, [{ open: '/*', close: '*/' }]));
  return hasHashComments(path) ? content => withoutMarks(withoutNames(content)) : undefined;
}

/** YAML, shell, Dockerfiles and .env.example. */
function hasHashComments(path) {
  const [name, folder] = [basename(path), basename(dirname(path))];
  const isShell = ['scripts', '.ci'].includes(folder) && !name.includes('.');
  return isShell || name.startsWith('Dockerfile') || ['.yml', '.yaml', '.sh', '.example'].includes(extname(path));
}

const pythonTexts = [
  { open: '"""', close: '"""' },
  { open: '#', close: '\n' },
  { open: '"', close: '"' },
  { open: "'", close: "'" },
];

/** A text of one word is a name. */
function isSeveralWords(text) {
  return text.startsWith('#') || text.includes(' ');
}

/** Replaces lines such as `user: nobody` with spaces, because their single word is a name. */
function withoutNames(content) {
  const lines = content.split('\n');
  return lines.map(line => (/^ *(?:- )?\w[\w.-]*: +\S+$/.test(line) ? blankText(line) : line)).join('\n');
}
