/** The target of a request in its parts. */
export interface RequestTarget {
  /** The path with its percent encoding decoded. `%2F` stays encoded, because it is not a separator. */
  readonly pathname: string;
  readonly query: URLSearchParams;
  /** The host and port of an absolute target, which proxies send. */
  readonly authority: string | undefined;
}

/** Splits the target of a request. Accepts any text and never throws. */
export function parseRequestTarget(url: string): RequestTarget {
  const [start = '', authority] = /^https?:\/\/([^/?]*)/i.exec(url) ?? [];
  const [path = '', ...query] = url.slice(start.length).split('?');
  return {
    pathname: decodePath(path === '' ? '/' : path),
    query: new URLSearchParams(query.join('?')),
    authority,
  };
}

/** Decodes the path. Returns it unchanged if its percent encoding is invalid: it then matches no path of the side port. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll(/%2f/gi, '%252F'));
  } catch {
    return path;
  }
}
