/** Collects the texts of an option that may be repeated, for commander. */
export function collectTexts(text: string, texts: readonly string[] = []): readonly string[] {
  return [...texts, text];
}
