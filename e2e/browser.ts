import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const CANDIDATES = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Where Chromium is; without it the browser tests are skipped, loudly, and fail on CI. */
export function findChromium(): string | undefined {
  const path = CANDIDATES.find((candidate) => candidate !== undefined && existsSync(candidate));
  if (path !== undefined) return path;
  const say = 'no Chromium found: the tests of the pages do not run (install chromium, or name it in CHROMIUM_PATH)';
  if (process.env['CI']) throw new Error(say);
  process.emitWarning(say);
  return undefined;
}

export const launch = (executablePath: string): Promise<Browser> => chromium.launch({ executablePath, args: ARGUMENTS });

export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console and uncaught exceptions so far. */
  readonly complaints: readonly string[];
}

/** A page in a context of its own that collects what goes wrong in it. */
export async function openPage(browser: Browser, baseURL: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ baseURL, viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints };
}
