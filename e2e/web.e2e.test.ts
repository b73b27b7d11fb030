import { hostname } from 'node:os';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launch, openPage } from './browser.ts';
import { sendThroughSdk } from './otlp-sender.ts';
import { startPitot, type StartedPitot } from './started-pitot.ts';

const chromiumPath = findChromium();
/** Until the host collector's second round is stored and can be asked for. */
const DATA_WITHIN_MS = 40_000;
const EXPLORE = `/explore/metrics?q=${encodeURIComponent('system_cpu_logical_count')}&from=now-2m`;

describe.skipIf(chromiumPath === undefined)('the pages', () => {
  let pitot: StartedPitot;
  let browser: Browser;

  beforeAll(async () => {
    pitot = await startPitot();
    browser = await launch(chromiumPath!);
    await until(async () => (await query('system_cpu_logical_count')).length > 0, 'the host to be stored');
  });
  afterAll(async () => {
    await browser?.close();
    await pitot?.stop();
  });

  async function query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
    const answer = await fetch(`${pitot.baseUrl}/api/v1/query?query=${encodeURIComponent(expression)}`);
    return ((await answer.json()) as { data: { result: [] } }).data.result;
  }

  it('shows this host on the overview, with a sentence first', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/');
    const sentence = page.getByTestId('sentence');
    await sentence.waitFor();
    const sentenceMs = await page.evaluate(() => performance.now());
    console.log(`started in ${pitot.startMs.toFixed(0)} ms; the sentence stood ${sentenceMs.toFixed(0)} ms after the page was asked for, cold`);
    expect(await sentence.innerText()).toMatch(/All well|Warning|Problem/);
    await page.getByRole('region', { name: 'Hosts', exact: true }).getByRole('link', { name: hostname(), exact: true }).waitFor();
    await page.getByRole('region', { name: 'What sends data' }).getByText('This machine').waitFor();
    expect(complaints).toEqual([]);
  });

  it('opens a host with charts from the table, by keyboard', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/hosts?from=now-5m');
    const row = page.getByRole('row').filter({ hasText: hostname() });
    await row.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/hosts/${encodeURIComponent(hostname())}*`);
    expect(page.url()).toContain('from=now-5m');
    await page.getByRole('region', { name: 'CPU by mode, of all cores' }).locator('canvas').waitFor();
    await page.getByRole('region', { name: 'Memory', exact: true }).locator('canvas').waitFor();
    expect(complaints).toEqual([]);
  });

  it('draws a chart in Explore, and its table agrees with the API', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto(EXPLORE);
    await page.getByTestId('explore-chart').locator('canvas').waitFor();
    await page.getByRole('button', { name: 'Table' }).click();
    await page.waitForURL(/view=table/);
    const table = page.getByRole('region', { name: 'Values' });
    await table.waitFor();
    const [sample] = await query('system_cpu_logical_count');
    const cells = await table.locator('tbody tr').first().getByRole('cell').allInnerTexts();
    expect(cells.at(-1)).toBe(sample!.value[1]);
    expect(cells).toContain(sample!.metric['host_name']);
    expect(complaints).toEqual([]);
  });

  it('keeps a dragged range in the address; back undoes it, a double click too', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto(EXPLORE);
    await drag(page);
    await page.waitForURL(/from=\d{4}-\d\d-\d\dT[\d:%A]+Z/);
    await page.goBack();
    await page.waitForURL(/from=now-2m$/);
    await page.getByTestId('time-range').getByText('Last 2 minutes').waitFor();
    await drag(page);
    await page.waitForURL(/to=\d{4}/);
    await page.locator('.chart .u-over').dblclick();
    await page.waitForURL(/from=now-2m$/);
    expect(complaints).toEqual([]);
  });

  it('says where a query is wrong, and keeps the page', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/metrics');
    const editor = page.locator('.cm-content');
    await editor.click();
    await page.keyboard.type('sum(');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('alert').getByText(/parse error|expected|unexpected/i).first().waitFor();
    // The browser itself reports the refused request.
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([]);
  });

  it('turns green on Connect when a service exports through OpenTelemetry', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/connect');
    const arrival = page.getByTestId('arrival');
    await arrival.getByText('Waiting', { exact: true }).waitFor();
    await page.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=${pitot.otlpUrl}`).waitFor();
    await sendThroughSdk(pitot.otlpUrl, 'e2e-shop');
    await arrival.getByText('Arriving').waitFor();
    expect(await arrival.innerText()).toMatch(/samples? from e2e-shop/);
    expect(complaints).toEqual([]);
  });

  it('finds pages, metrics and actions from the keyboard', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl, { colorScheme: 'dark' });
    await page.goto('/');
    await page.getByTestId('sentence').waitFor();
    await page.keyboard.press('/');
    const search = page.getByPlaceholder('Search pages, hosts');
    await focused(search);
    await page.keyboard.type('api keys');
    await page.getByRole('button', { name: 'API keys' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/keys');
    await search.waitFor({ state: 'hidden' });
    await page.keyboard.press('Control+k');
    await focused(search);
    await page.keyboard.type('system_memory_limit');
    await page.getByText('system_memory_limit_bytes').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/explore\/metrics\?q=system_memory_limit_bytes/);
    await search.waitFor({ state: 'hidden' });
    await page.keyboard.press('Control+k');
    await focused(search);
    await page.keyboard.type('light');
    await page.getByText('Switch to').waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('html').getAttribute('data-mantine-color-scheme')).toMatch(/light|dark/);
    expect(complaints).toEqual([]);
  });

  it('makes and deletes an API key, shown once', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/settings/keys');
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByLabel('Name').fill('e2e key');
    await page.getByRole('button', { name: 'Create the key' }).click();
    await page.getByText(/^pk_[\w-]{20,}/).waitFor();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('cell', { name: 'e2e key', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Delete the key e2e key' }).click();
    await page.getByRole('button', { name: 'Delete the key', exact: true }).click();
    await page.getByText('There is no API key').waitFor();
    expect(complaints).toEqual([]);
  });

  it('takes its word back when Pitot does not answer, keeps what was read, and recovers by itself', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/?refresh=5s&from=now-5m');
    const sentence = page.getByTestId('sentence');
    await sentence.getByText(/All well|Warning/).waitFor();
    await page.getByRole('region', { name: 'Memory in use' }).locator('canvas').waitFor();
    await page.route('**/api/**', (route) => route.abort('connectionrefused'));
    await sentence.getByText('does not answer').waitFor();
    await page.getByText('Not refreshed').first().waitFor();
    expect(await page.getByRole('region', { name: 'Memory in use' }).locator('canvas').count()).toBe(1);
    expect(await page.getByRole('link', { name: hostname(), exact: true }).count()).toBeGreaterThan(0);
    await page.unroute('**/api/**');
    await sentence.getByText(/All well|Warning/).waitFor();
    await page.getByText('Not refreshed').first().waitFor({ state: 'hidden' });
    // The browser itself reports the requests that were refused.
    expect(complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
  });

  it('answers an address without a page inside the shell', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/no/such/page');
    await page.getByText('There is no page at this address').waitFor();
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Hosts' }).click();
    await page.waitForURL('**/hosts');
    expect(complaints).toEqual([]);
  });

  it.each(['/', '/hosts', '/explore/metrics', '/connect', '/settings/keys', '/settings/status'])('fits %s into 390 pixels', async (path) => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl, { viewport: { width: 390, height: 844 } });
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(complaints).toEqual([]);
  });
});

/** Drags over the newest part of the chart, where there is data. */
async function drag(page: Page): Promise<void> {
  const plot = page.locator('.chart .u-over');
  await plot.waitFor();
  const box = await plot.boundingBox();
  if (box === null) throw new Error('the plot has no place on the page');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.8, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.97, y, { steps: 5 });
  await page.mouse.up();
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const untilMs = Date.now() + DATA_WITHIN_MS;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > untilMs) throw new Error(`waited ${DATA_WITHIN_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** The palette takes the focus a moment after it shows; keys pressed before that go nowhere. */
async function focused(field: Locator): Promise<void> {
  await field.waitFor();
  await expect.poll(() => field.evaluate((element) => element === document.activeElement), { timeout: 10_000 }).toBe(true);
}
