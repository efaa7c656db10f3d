/** Reads and shortens the declarations in typedoc's Markdown. It writes each as a quoted line, for example "> **rank**: `number`". */

/** A union of more texts than this is shown as `string`: its docstring names the page that lists them. */
const literalsMax = 12;

/** Words of types that typedoc writes outside of code. */
const typeWords = new Set(['', 'extends', 'keyof', 'readonly', 'typeof']);

/** Shortens the declarations of a body: their modifiers, types that name only an internal schema, and long unions. */
export function shortenDeclarations(body) {
  return body
    .split('\n')
    .filter(line => !isDeclaration(line) || !line.includes(' = `Static`'))
    .map(line => (isDeclaration(line) ? shortenUnion(withoutModifiers(line)) : line))
    .join('\n');
}

/** Returns whether a line declares a property: a name and a type, without parameters. */
export function isProperty(line) {
  return line.startsWith('> **') && line.indexOf('**: ') === line.indexOf('**', '> **'.length);
}

/** Returns whether a line is only code, for example the type of a field. */
export function isCode(line) {
  return line.length > 1 && line.startsWith('`') && line.indexOf('`', 1) === line.length - 1;
}

/** Returns whether a text has words outside of code, links and types. */
export function hasWords(text) {
  const outsideCode = text.split('`').filter((_, index) => index % 2 === 0);
  const [first = '', ...afterLinks] = outsideCode.join(' ').split('](');
  const outsideLinks = [first, ...afterLinks.map(piece => piece.slice(piece.indexOf(')') + 1))].join(' ');
  return outsideLinks.split(/[^a-z]/i).some(word => !typeWords.has(word));
}

function isDeclaration(line) {
  return line.startsWith('> ');
}

/** Removes modifiers: every property is read-only, and `?` marks what is optional. */
function withoutModifiers(line) {
  const plain = line.replace('`readonly` ', '').replace('`optional` ', '');
  return plain.startsWith('> **get** ') ? plain.replace('**get** ', '').replace('()', '') : plain;
}

function shortenUnion(line) {
  const [name, type = ''] = line.split('**: ');
  const members = type.split(' \\| ');
  const others = members.filter(member => !member.startsWith('`"'));
  return members.length - others.length > literalsMax ? `${name}**: ${['`string`', ...others].join(' \\| ')}` : line;
}
