import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

/** Markdown as `npm run format` would leave it, so that a generated page never differs from a formatted one. */
export async function formatPage(markdown) {
  const config = await resolveConfig(fileURLToPath(new URL('../../../docs/page.md', import.meta.url)));
  return format(markdown, { ...config, parser: 'markdown' });
}
