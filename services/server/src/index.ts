/** The public exports of the server package: the clock. Other packages import the remaining files by their paths. */

export * from './clock.js';
