/** A browser with the live page, and the servers and members that it shows. */

import { resolve } from 'node:path';
import { ChildProcess, eventually, type LaunchedServer, launchServer, RawPeer, repository } from '@rankd/testkit';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from './find-chromium.js';

/** Twenty times the expected duration, ms: these tests share the machine with a browser. */
export const DEADLINE_MS = 20_000;

/** A member as the page shows it. */
export interface ShownRow {
  readonly rank: number;
  readonly name: string;
  readonly role: string;
}

/** A real browser, and the servers, processes and peers of a test file. */
export class PageFixture {
  readonly #browser: Browser;
  readonly #programs: ChildProcess[] = [];
  readonly #peers: RawPeer[] = [];
  /** What the browser reported, including violations of the content security policy. */
  readonly complaints: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<PageFixture> {
    // Tests in containers run as root, where the sandbox does not work. The browser visits only loopback addresses.
    const args = ['--no-sandbox'];
    return new PageFixture(await chromium.launch({ executablePath: findChromium(), args }));
  }

  async server(env: Readonly<Record<string, string>> = {}): Promise<LaunchedServer> {
    const server = await launchServer(repository, env);
    this.#programs.push(server.childProcess);
    return server;
  }

  /** Starts a client process. Resolves when it has joined. */
  async client(
    server: LaunchedServer,
    name: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ChildProcess> {
    const dist = resolve(repository, 'services/client/dist');
    const program = new ChildProcess(process.execPath, [resolve(dist, 'main.js')], {
      cwd: dist,
      env: { RANKD_URL: `rankd://127.0.0.1:${server.port}`, RANKD_NAME: name, ...env },
    });
    this.#programs.push(program);
    await program.event('joined');
    return program;
  }

  /** Joins a member from this process. */
  async join(server: LaunchedServer, hello: object = {}): Promise<RawPeer> {
    const peer = await RawPeer.connect(server.port);
    this.#peers.push(peer);
    peer.send({ type: 'hello', ...hello });
    await peer.until(({ type }) => type === 'welcome' || type === 'waiting');
    return peer;
  }

  /** Opens the live page in a new window. */
  async open(server: LaunchedServer, options: BrowserContextOptions = {}, hash = ''): Promise<Page> {
    return await this.openTab(await this.openWindow(options), `http://127.0.0.1:${server.httpPort}/${hash}`);
  }

  /** Opens a window without a tab. The tabs of one window share storage and connections. */
  async openWindow(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    return await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  }

  async openTab(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    page.on('pageerror', error => this.complaints.push(String(error)));
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** Closes all windows. Call it in afterEach, so that later tests do not pay for drawing them. */
  async closeWindows(): Promise<void> {
    await Promise.all(this.#browser.contexts().map(context => context.close()));
  }

  async dispose(): Promise<void> {
    await this.#browser.close();
    for (const peer of this.#peers) peer.destroy();
    await Promise.all(this.#programs.map(program => program.dispose()));
  }
}

/** Returns the rows that are drawn, by rank. */
export async function rowsOf(page: Page): Promise<ShownRow[]> {
  const rows = await page.locator('[data-rank]').evaluateAll(elements =>
    elements.map(element => ({
      rank: Number(element.getAttribute('data-rank')),
      name: element.querySelector('.name')?.textContent ?? '',
      role: element.querySelector('.role')?.textContent ?? '',
    })),
  );
  return rows.sort((one, other) => one.rank - other.rank);
}

/** Resolves with the rows when they show these members, by rank. */
export async function untilShown(page: Page, names: readonly string[]): Promise<ShownRow[]> {
  return await eventually(DEADLINE_MS, `the roster ${names.join(', ')}`, async () => {
    const rows = await rowsOf(page);
    return rows.map(({ name }) => name).join() === names.join() ? rows : undefined;
  });
}
