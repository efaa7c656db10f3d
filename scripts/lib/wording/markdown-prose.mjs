import { blankRegions, blankText } from './regions.mjs';

/** Returns Markdown with spaces in place of code blocks, code in sentences, link targets, comments and HTML. */
export function markdownProse(content) {
  const withoutBlocks = withoutCodeBlocks(blankRegions(content, [{ open: '<!--', close: '-->' }]));
  return withoutCode(withoutBlocks);
}

/** Returns a text with spaces in place of the code in its sentences, of link targets and of HTML. */
export function withoutCode(text) {
  const paragraphs = text.split('\n\n');
  return paragraphs.map(each => each.replace(/`[^`]*`|\]\([^\]()\s]*\)|<\/?[a-z][^<>]*>/gi, blankText)).join('\n\n');
}

/** A block is between two fences, or it is indented by four spaces after a blank line. */
function withoutCodeBlocks(content) {
  let fence;
  let isIndented = false;
  let previous = '';
  const lines = content.split('\n').map(line => {
    const [, mark] = /^ *(```|~~~)/.exec(line) ?? [];
    isIndented = line.startsWith('    ') && (isIndented || previous.trim() === '');
    previous = line;
    const isCode = fence !== undefined || mark !== undefined || isIndented;
    if (mark !== undefined && (fence === undefined || fence === mark)) fence = fence === undefined ? mark : undefined;
    return isCode ? blankText(line) : line;
  });
  return lines.join('\n');
}
