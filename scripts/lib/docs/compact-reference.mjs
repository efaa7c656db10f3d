/** Shortens the Markdown of typedoc: properties and parameters become lists, and sections that repeat a declaration are removed. */

import { hasWords, isCode, isProperty, shortenDeclarations } from './declaration-text.mjs';
import { readSections } from './markdown-sections.mjs';

/** Sections that repeat the declaration above them, unless they have a text of their own. */
const repeating = new Set(['Type Parameters', 'Parameters', 'Returns', 'Extends', 'Implements']);

/** Sections about what a member replaces in a base class. */
const inherited = new Set(['Implementation of', 'Overrides']);

/** Headings between a type and its members. The members move up by one level. */
const wrappers = new Set(['Get Signature', 'Properties', 'Accessors', 'Methods']);

/** The level of the heading of a type. */
const typeLevel = 3;

/** Returns the page with short declarations, and without repeated types and empty sections. */
export function compactReference(markdown) {
  return renumberAnchors(render(readSections(markdown.replace(/^\*\*\*$/gm, '')), 0));
}

/** Removes the number from links such as `#dial-1` where the page has only one heading of that name left. */
function renumberAnchors(page) {
  const names = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^a-z]/g, ''));
  const single = names.filter(name => names.indexOf(name) === names.lastIndexOf(name));
  return single.reduce((text, name) => text.replaceAll(`(#${name}-1)`, `(#${name})`), page);
}

/** Renders a section with its heading `levelsUp` levels above its place in typedoc's page. Methods come after properties. */
function render(section, levelsUp) {
  const { level, title, body } = section;
  const parts = section.parts
    .filter(part => !isNeedless(part))
    .sort((a, b) => (a.title === 'Methods') - (b.title === 'Methods'));
  if (parts.length === 1 && parts[0].title === 'Get Signature') return render({ ...parts[0], level, title }, levelsUp);
  const text = withTypes(
    shortenDeclarations(body),
    section.parts.find(part => part.title === 'Parameters'),
  );
  if (wrappers.has(title)) return `${text}\n${renderAll(parts, levelsUp + 1)}`;
  if (title === 'Throws') return `**Throws** ${text.trim()}\n`;
  if (title === 'Parameters') return `${parts.map(renderParameter).join('')}\n`;
  const [, declaration = '', ...lines] = text.split('\n');
  if (level > typeLevel + 1 && isProperty(declaration) && parts.every(isField)) {
    return renderProperty(declaration.slice('> '.length), lines.join('\n'), parts);
  }
  const heading = level === 0 ? '' : `${'#'.repeat(level - levelsUp)} ${title}\n`;
  return `${heading}${text}\n${renderAll(parts, levelsUp)}`;
}

function renderAll(parts, levelsUp) {
  return parts.map(part => render(part, levelsUp)).join('');
}

/** Renders a property, with the fields of its object, as an item of a list. */
function renderProperty(declaration, text, fields) {
  const typed = fields.length === 0 ? declaration : declaration.replace('`object`', fieldsOf(fields));
  return renderItem(text.trim() === '' ? typed : `${typed}.`, text);
}

/** Renders a parameter that has a text, and the fields of it that have one: its name and type are in the declaration. */
function renderParameter(parameter) {
  const { text } = parameterOf(parameter);
  const fields = parameter.parts.map(field =>
    renderParameter({ ...field, title: `${parameter.title}.${field.title}` }),
  );
  return `${text.trim() === '' ? '' : renderItem(`**${parameter.title}**:`, text)}${fields.join('')}`;
}

/** Returns a declaration with the types of its parameters. */
function withTypes(declaration, parameters) {
  return (parameters?.parts ?? []).reduce((text, parameter) => {
    const { type } = parameterOf(parameter);
    return text.replace(`\`${parameter.title}\``, () => `\`${parameter.title}\`: ${type}`);
  }, declaration);
}

/** Returns the type and the text of a parameter. typedoc writes the type on the first line, except for an object with fields. */
function parameterOf({ body }) {
  const [type, ...rest] = body.trim().split('\n');
  if (type === '' || hasWords(type)) return { type: '`object`', text: body };
  return { type: type.replace(/^\.\.\./, '').split(' = ')[0], text: rest.join('\n') };
}

function renderItem(declaration, text) {
  return `- ${`${declaration} ${text.trim()}`.trim().split('\n').join('\n  ')}\n`;
}

/** Returns the type of an object from the sections of its fields. Those of a field that is an object have a dot in their title. */
function fieldsOf(sections) {
  const fields = sections.filter(({ title }) => !title.includes('.'));
  const shown = fields.map(({ title, body }) => {
    const inner = sections.filter(section => section.title.startsWith(`${title}.`));
    const text = declarationOf(title, body);
    return inner.length === 0 ? text : text.replace('`object`', fieldsOf(inner.map(plainTitle)));
  });
  return `\\{ ${shown.join('; ')} \\}`;
}

/** Returns the name and the type of a field. A field of a parameter has only its type below its title. */
function declarationOf(title, body) {
  const declaration = /^> (.*)$/m.exec(shortenDeclarations(body));
  return declaration === null ? `${title}: ${body.trim()}` : declaration[1].replaceAll('**', '');
}

function plainTitle(section) {
  return { ...section, title: section.title.replace(/^.*\./, '') };
}

function isNeedless(section) {
  return inherited.has(section.title) || (repeating.has(section.title) && !hasText(section));
}

/** Returns whether a section is a field of an object, with a type and without a text. */
function isField({ body, parts }) {
  const [line = '', ...others] = shortenDeclarations(body)
    .split('\n')
    .filter(line => line !== '');
  return others.length === 0 && parts.length === 0 && (isProperty(line) || isCode(line));
}

/** Returns whether a section says more than names and types. */
function hasText({ body, parts }) {
  return hasWords(body) || parts.some(hasText);
}
