/** Asks for the token of the server. */

import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';

interface TokenPromptProps {
  /** Whether a token was entered and is wrong. */
  readonly isWrong: boolean;
  readonly unlock: (token: string) => void;
}

/** Asks for the token (RANKD_HTTP_TOKEN). */
export function TokenPrompt({ isWrong, unlock }: TokenPromptProps): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const token = withoutBlanks(field.current?.value ?? '');
    if (token !== '') unlock(token);
  };
  return (
    <main class="locked-page">
      <form class="token-prompt" onSubmit={submit}>
        <h2>This server requires a token</h2>
        <p id="token-hint">
          Enter the value of <code>RANKD_HTTP_TOKEN</code>, or of the file that <code>RANKD_HTTP_TOKEN_FILE</code>{' '}
          names. This tab keeps the token until you close it.
        </p>
        <label for="token">Token</label>
        <div class="token-line">
          <input
            id="token"
            ref={field}
            type="password"
            autocomplete="current-password"
            aria-describedby="token-hint"
            aria-invalid={isWrong}
          />
          <button type="submit">Show the ranks</button>
        </div>
        <p class="fault" role="alert">
          {isWrong
            ? 'The token is wrong: enter the value of RANKD_HTTP_TOKEN, or of the file that RANKD_HTTP_TOKEN_FILE names.'
            : ''}
        </p>
      </form>
    </main>
  );
}

/** HTTP removes blanks around a header, so the server ignores those around a token. A token may end with any other space. */
function withoutBlanks(text: string): string {
  const isBlank = (index: number): boolean => text[index] === ' ' || text[index] === '\t';
  let [start, end] = [0, text.length];
  while (start < end && isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return text.slice(start, end);
}
