/** Starts the live page. */

import { render } from 'preact';
import { App } from './app.js';

const place = document.getElementById('page');
// A page that the browser kept in memory has no stream any more.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
if (place !== null) render(<App />, place);
