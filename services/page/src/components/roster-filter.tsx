/** The text field that filters the roster of the page. */

import type { JSX } from 'preact';
import { FILTER_CHARS_MAX } from '../model/roster-filter.js';
import { formatCount } from '../model/format.js';

interface RosterFilterProps {
  readonly text: string;
  readonly setText: (text: string) => void;
  /** The number of members that match. */
  readonly found: number;
}

/** The field that filters a large roster. */
export function RosterFilter({ text, setText, found }: RosterFilterProps): JSX.Element {
  return (
    <div class="filter">
      <span class="found" role="status">
        {text.trim() === '' ? '' : formatCount(found, 'match', 'matches')}
      </span>
      <input
        type="search"
        aria-label="Filter by name, id or tag"
        placeholder="Filter by name, id or tag"
        autocomplete="off"
        spellcheck={false}
        maxLength={FILTER_CHARS_MAX}
        value={text}
        onInput={event => setText(event.currentTarget.value)}
      />
    </div>
  );
}
