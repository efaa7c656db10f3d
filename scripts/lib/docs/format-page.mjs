import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

/** Formats Markdown as `npm run format` does, so that a generated page does not change when it is formatted. */
export async function formatPage(markdown) {
  const config = await resolveConfig(fileURLToPath(new URL('../../../docs/page.md', import.meta.url)));
  return format(markdown, { ...config, parser: 'markdown' });
}
