import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['RANKD_TOKEN', 'RANKD_ADMIN_TOKEN', 'RANKD_HTTP_TOKEN'] as const;
type Name = (typeof NAMES)[number];

/** A file for each token, which Compose mounts. */
export class TokenFiles {
  readonly #directory = mkdtempSync(join(tmpdir(), 'rankd-tokens-'));

  constructor() {
    for (const name of NAMES) writeFileSync(this.#path(name), `${this.token(name)}\n`, { mode: 0o644 });
  }

  token(name: Name): string {
    return `${name.toLowerCase()}-of-a-test`;
  }

  get tokens(): string[] {
    return NAMES.map(name => this.token(name));
  }

  /** The environment for Compose: the files in place of the tokens, and an empty value for the token that Compose sets by default. */
  get env(): Record<string, string> {
    return { RANKD_ADMIN_TOKEN: '', ...Object.fromEntries(NAMES.map(name => [`${name}_FILE`, this.#path(name)])) };
  }

  dispose(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #path(name: Name): string {
    return join(this.#directory, name);
  }
}
