/** The path, decoded, and what follows its question mark; takes anything and never throws. */
export function splitUrl(url: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const [path = '', ...query] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?');
  return { pathname: decoded(path === '' ? '/' : path), query: new URLSearchParams(query.join('?')) };
}

/** As it stands where its percent signs mean nothing: no path of ours has any. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
