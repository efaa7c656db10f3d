/**
 * Replaces everything outside of regions with spaces. A region is the text from `open` to `close` of one of `kinds`. Line ends stay, so
 * that the text keeps its length and its lines.
 */
export function keepRegions(content, kinds, isKept = () => true) {
  let kept = '';
  for (const { start, end } of regions(content, kinds)) {
    const region = content.slice(start, end);
    if (isKept(region)) kept += blankText(content.slice(kept.length, start)) + region;
  }
  return kept;
}

/** Replaces the regions with spaces, except their line ends. */
export function blankRegions(content, kinds) {
  let text = '';
  for (const { start, end } of regions(content, kinds)) {
    text += content.slice(text.length, start) + blankText(content.slice(start, end));
  }
  return text + content.slice(text.length);
}

/** Replaces a text with as many spaces, except its line ends. */
export function blankText(text) {
  return text.replace(/[^\n]/g, ' ');
}

function* regions(content, kinds) {
  let at = 0;
  while (at < content.length) {
    const kind = kinds.find(({ open }) => content.startsWith(open, at));
    const end = kind === undefined ? at + 1 : endOf(kind, content, at + kind.open.length);
    if (kind !== undefined) yield { start: at, end };
    at = end;
  }
}

/** A backslash before `close` escapes it. */
function endOf({ close }, content, from) {
  let end = content.indexOf(close, from);
  while (end > from && content[end - 1] === '\\') end = content.indexOf(close, end + 1);
  return end === -1 ? content.length : end + close.length;
}
