/** The server's process under `startRankd`. It ends when the process of the tests ends, also if that was killed. */

process.on('disconnect', () => process.exit(1));
// tsc does not compile the entry point, which is bundled.
await import(new URL('../main.js', import.meta.url).href);
