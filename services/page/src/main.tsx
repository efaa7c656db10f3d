/** Starts the live page. */

import { render } from 'preact';
import { App } from './app.js';

const place = document.getElementById('page');
// The browser shows a page that it kept in memory. Its stream has ended, so load it again.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
if (place !== null) render(<App />, place);
