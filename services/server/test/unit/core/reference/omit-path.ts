/**
 * Removes parts of the text of a snapshot. A path consists of field names, and `*` stands for every element of a list.
 */

type Json = { [field: string]: Json } | Json[] | string | number | boolean | null;

/** Every path in the text: each field, and each list that is not empty. */
export const pathsIn = (text: string): string[] => pathsBelow(JSON.parse(text) as Json, '');

function pathsBelow(json: Json, prefix: string): string[] {
  if (typeof json !== 'object' || json === null) return [];
  if (Array.isArray(json)) {
    return json.flatMap(item => [`${prefix}*`, ...pathsBelow(item, `${prefix}*.`)]);
  }
  return Object.entries(json).flatMap(([field, item]) => [
    `${prefix}${field}`,
    ...pathsBelow(item, `${prefix}${field}.`),
  ]);
}

/** Removes the field wherever it occurs. If the path ends with `*`, removes the last element of each list. */
export function leaveOut(text: string, path: string): string {
  const json = JSON.parse(text) as Json;
  leaveOutOf(json, path.split('.'));
  return JSON.stringify(json);
}

function leaveOutOf(json: Json | undefined, [step = '', ...rest]: readonly string[]): void {
  if (typeof json !== 'object' || json === null) return;
  if (Array.isArray(json)) {
    if (rest.length === 0) json.pop();
    else for (const item of json) leaveOutOf(item, rest);
  } else if (rest.length === 0) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- leaving any field out is what this is for
    delete json[step];
  } else {
    leaveOutOf(json[step], rest);
  }
}
