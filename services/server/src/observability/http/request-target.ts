/** Splits the target of a request into its decoded path and its query. Accepts any text and never throws. */
export function parseRequestTarget(url: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const [path = '', ...query] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?');
  return { pathname: decodePath(path === '' ? '/' : path), query: new URLSearchParams(query.join('?')) };
}

/** Decodes the path. Returns it unchanged if its percent encoding is invalid. No path of the side port has such an encoding. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
