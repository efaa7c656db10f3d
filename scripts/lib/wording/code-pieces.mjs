import ts from 'typescript';
import { withoutMarks } from './comment-marks.mjs';
import { withoutCode } from './markdown-prose.mjs';

/** Returns the comments, the texts of several words, the titles and the JSX texts of TypeScript and JavaScript. */
export function codePieces(path, content) {
  const source = ts.createSourceFile(path, content, ts.ScriptTarget.Latest, true, kindOf(path));
  const pieces = commentPieces(content, source);
  const visit = node => {
    const text = textOf(node, content);
    if (text !== undefined) pieces.push(text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return pieces;
}

function kindOf(path) {
  return /\.[jt]sx$/.test(path) ? ts.ScriptKind.TSX : undefined;
}

/** Adjacent `//` comments are one text, because a sentence may continue in the next line. */
function commentPieces(content, source) {
  const ranges = new Map();
  const visit = node => {
    const around = [
      ...(ts.getLeadingCommentRanges(content, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(content, node.getEnd()) ?? []),
    ];
    if (node.kind !== ts.SyntaxKind.JsxText) for (const { pos, end } of around) ranges.set(pos, end);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  const pieces = [];
  for (const [pos, end] of [...ranges].sort(([one], [other]) => one - other)) {
    const last = pieces.at(-1);
    const isNext = last !== undefined && content.startsWith('//', pos) && content.slice(last.end, pos).trim() === '';
    if (isNext) last.end = end;
    else pieces.push({ start: pos, end });
  }
  return pieces.map(({ start, end }) => ({ start, text: withoutCode(withoutMarks(content.slice(start, end))) }));
}

/** Returns the text of a string, a template or a JSX text. Undefined for other nodes, and for a text without a space, which is a name. */
function textOf(node, content) {
  if (ts.isTemplateExpression(node)) return unlessName(node.getStart(), templateText(node, content));
  const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isJsxText(node);
  if (!isText || isModuleName(node)) return undefined;
  return unlessName(node.getStart(), content.slice(node.getStart(), node.getEnd()));
}

/** Returns the text of a template with its expressions masked. A template within an expression is a node of its own. */
function templateText(node, content) {
  let text = content.slice(node.getStart(), node.getEnd());
  for (const { expression } of node.templateSpans) {
    const from = expression.getStart() - node.getStart();
    const to = expression.getEnd() - node.getStart();
    text = text.slice(0, from) + text.slice(from, to).replace(/[^\n]/g, '_') + text.slice(to);
  }
  return text;
}

function unlessName(start, text) {
  return /[a-z]\s|\s[a-z]/i.test(text) ? { start, text } : undefined;
}

function isModuleName({ parent }) {
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent);
}
