import { printable } from '@rankd/protocol/printable';
import type { JSX } from 'preact';
import type { MirrorState } from '../model/stream-event.js';
import { formatCount } from '../model/format.js';

/** Shows whether the mirror in Redis is up to date, and why not. */
export function MirrorStatus({ mirror }: { readonly mirror: MirrorState }): JSX.Element {
  switch (mirror.state) {
    case 'none':
      return <>none</>;
    case 'up':
      return (
        <span class="well">
          up{mirror.lagViews > 0 ? <small> {formatCount(mirror.lagViews, 'view')} behind</small> : ''}
        </span>
      );
    case 'down':
      return (
        <span class="ill">
          down <small>{printable(mirror.reason ?? '')}</small>
        </span>
      );
  }
}
