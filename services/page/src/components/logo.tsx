import type { JSX } from 'preact';

/** The logo: a ladder of three rungs, the first one lit. */
export function Logo(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 18 18" aria-hidden="true">
      <rect class="lit" width="18" height="4.6" rx="2.3" />
      <rect y="6.9" width="13" height="4.2" rx="2.1" />
      <rect y="13.6" width="9" height="4.2" rx="2.1" opacity=".55" />
    </svg>
  );
}
