const TEXT_CHARS_MAX = 80;

/** Returns a short text for a value that is not allowed, for a message: `NaN`, `"2000"`, `a function`, `a Map`. */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return shorten(JSON.stringify(value));
    case 'bigint':
      return shorten(`${String(value)}n`);
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'object':
      return value === null ? 'null' : showObject(value);
    default:
      return String(value);
  }
}

function showObject(value: object): string {
  try {
    const name = className(value);
    if (name !== undefined && name !== 'Object' && name !== 'Array') return `an object of the class ${shorten(name)}`;
    return shorten(JSON.stringify(value));
  } catch {
    // For example a cycle, or a getter that throws.
    return 'an object';
  }
}

function className(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  return typeof name === 'string' ? name : undefined;
}

function shorten(text: string): string {
  return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text;
}
