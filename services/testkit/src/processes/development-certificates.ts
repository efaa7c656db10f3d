/** Certificates of scripts/certs for a test. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate and its key. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A CA that scripts/certs has made for one test, in a temporary directory. */
export class DevelopmentCertificates {
  readonly directory: string;
  readonly #repository: string;

  private constructor(repository: string, directory: string) {
    this.#repository = repository;
    this.directory = directory;
  }

  /** Makes a CA, and certificates for a server and a client. */
  static async make(repository: string): Promise<DevelopmentCertificates> {
    const made = new DevelopmentCertificates(repository, await mkdtemp(join(tmpdir(), 'rankd-certs-')));
    await made.renew();
    return made;
  }

  /** Makes new certificates for the server and the client, with the same CA. */
  async renew(): Promise<void> {
    await promisify(execFile)(join(this.#repository, 'scripts/certs'), ['--out', this.directory]);
  }

  /** Returns the path of a file of scripts/certs. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Returns the text of a file of scripts/certs. */
  async text(name: string): Promise<string> {
    return await readFile(this.path(name), 'utf8');
  }

  /** Returns the certificate and the key of the server or the client. */
  async identity(name: 'server' | 'client'): Promise<Identity> {
    return { cert: await this.text(`${name}.pem`), key: await this.text(`${name}-key.pem`) };
  }

  /** Deletes the files. */
  async dispose(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
