import { writeLogsRequest, writeTracesRequest, type OtlpLogRecord } from '@pitot/core/otlp-writer';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launch, openPage } from './browser.ts';
import { startPitot, type StartedPitot } from './started-pitot.ts';

const chromiumPath = findChromium();
const STORED_WITHIN_MS = 40_000;
const TRACE = 'a1b2c3d4e5f60718a1b2c3d4e5f60718';
const SPAN = 'a1b2c3d4e5f60718';
const [INFO, WARN, ERROR] = [9, 13, 17] as const;

describe.skipIf(chromiumPath === undefined)('the Logs page', () => {
  let pitot: StartedPitot;
  let browser: Browser;

  beforeAll(async () => {
    pitot = await startPitot();
    browser = await launch(chromiumPath!);
    const startNs = BigInt(Date.now() - 120_000) * 1_000_000n;
    await send('traces', writeTracesRequest([{ resource: resourceOf('cart'), records: [{ traceId: TRACE, spanId: SPAN, name: 'GET /cart', kind: 2, startTimeUnixNano: startNs, endTimeUnixNano: startNs + 5_000_000n }] }]));
    await sendLines('cart', [
      ...Array.from({ length: 20 }, (_, i) => line(INFO, `order ${1000 + i} was taken`, { 'user.id': `u${i % 3}` })),
      line(WARN, 'payment was slow', {}),
      line(ERROR, 'payment timed out after 5000 ms', { 'http.response.status_code': 504 }, true),
    ]);
    await sendLines('billing', [line(INFO, 'invoice 7 was written', {}), line(INFO, 'invoice 8 was written', {})]);
    await until(async () => (await total('')) >= 24, 'the lines to be stored');
  });
  afterAll(async () => {
    await browser?.close();
    await pitot?.stop();
  });

  async function send(signal: string, body: Uint8Array): Promise<void> {
    const answer = await fetch(`${pitot.otlpUrl}/v1/${signal}`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: Buffer.from(body) });
    expect(answer.status).toBe(200);
  }
  const sendLines = (service: string, records: readonly OtlpLogRecord[]): Promise<void> => send('logs', writeLogsRequest([{ resource: resourceOf(service), records }]));
  async function total(query: string): Promise<number> {
    const answer = await fetch(`${pitot.baseUrl}/api/v1/logs/histogram?buckets=1&query=${encodeURIComponent(query)}`);
    return ((await answer.json()) as { total: number }).total;
  }

  it('says first how things are, and finds what is written into the search', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/logs');
    await page.getByTestId('sentence').getByText(/1 error in the last hour/).waitFor();
    await page.locator('.search-box .cm-content').click();
    await page.keyboard.type('"timed out"');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=/);
    const lines = page.getByRole('grid', { name: 'Log lines' });
    await lines.locator('mark', { hasText: 'timed out' }).waitFor();
    expect(await lines.getByRole('row').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('filters by a value of a facet, and takes it back', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/logs');
    const services = page.getByRole('region', { name: 'Filter by service', exact: true });
    await services.getByRole('checkbox', { name: /billing/ }).click();
    await page.waitForURL(/q=service:billing/);
    const rows = page.getByRole('grid', { name: 'Log lines' }).getByRole('row');
    await until(async () => (await rows.count()) === 2, 'two lines');
    await services.getByRole('checkbox', { name: /billing/, checked: true }).click();
    await page.waitForURL((url) => !url.searchParams.has('q'));
    expect(complaints).toEqual([]);
  });

  it('says where a search is wrong before it asks', async () => {
    const { page } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/logs');
    await page.locator('.search-box .cm-content').click();
    await page.keyboard.type('service:cart level:');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText(/nothing follows level:/i).waitFor();
    expect(await page.locator('.search-wrong').innerText()).toBe('level:');
    expect(page.url()).not.toContain('q=');
  });

  it('opens a record by keyboard, shows what stands around it, and leads to its trace', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/logs?q=level:error');
    const row = page.getByRole('grid', { name: 'Log lines' }).getByRole('row').first();
    await row.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/log=/);
    const record = page.getByRole('complementary', { name: 'Log record' });
    await record.getByRole('button', { name: '504' }).waitFor();
    await record.getByRole('tab', { name: 'Lines around it' }).click();
    const around = record.getByRole('list', { name: 'Lines around it' });
    await around.getByText('payment was slow').waitFor();
    expect(await around.locator('[aria-current="true"]').innerText()).toContain('timed out');
    await record.getByRole('tab', { name: 'Details' }).click();
    expect(await record.getByRole('link', { name: 'Open the trace' }).getAttribute('href')).toContain(`/explore/traces/${TRACE}?`);
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.searchParams.has('log'));
    expect(complaints).toEqual([]);
  });

  it('follows lines as they arrive', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/logs?live=1');
    await page.getByText(/lines a second/).waitFor();
    await sendLines('cart', [{ ...line(WARN, 'stock of teapots is low', {}), timeUnixNano: BigInt(Date.now()) * 1_000_000n }]);
    await page.getByRole('grid', { name: 'Log lines' }).getByRole('row').first().getByText('stock of teapots is low').waitFor({ timeout: STORED_WITHIN_MS });
    expect(complaints).toEqual([]);
  });

  it('groups lines into patterns, and shows the lines of one', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/logs?view=patterns');
    const row = page.getByRole('region', { name: 'Patterns' }).getByRole('row').filter({ hasText: 'was taken' });
    await row.click();
    await page.waitForURL(/q=pattern:/);
    const rows = page.getByRole('grid', { name: 'Log lines' }).getByRole('row');
    await rows.first().waitFor();
    for (const text of await rows.allInnerTexts()) expect(text).toContain('was taken');
    expect(complaints).toEqual([]);
  });

  it('shows what the rules make of a line', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/logs');
    await page.getByRole('button', { name: 'Try the rules on a line' }).click();
    await page.getByRole('button', { name: 'Try', exact: true }).click();
    await page.getByRole('region', { name: 'Outcome' }).getByText('[redacted').first().waitFor();
    expect(complaints).toEqual([]);
  });
});

const resourceOf = (service: string) => ({ attributes: { 'service.name': service, 'deployment.environment.name': 'staging' } });

let sent = 0;
/** A minute ago, each a millisecond after the one before. */
function line(severityNumber: number, body: string, attributes: Record<string, string | number>, traced = false): OtlpLogRecord {
  const timeUnixNano = BigInt(Date.now() - 60_000 + sent++) * 1_000_000n;
  return { timeUnixNano, severityNumber, body, attributes, ...(traced && { traceId: TRACE, spanId: SPAN }) };
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const untilMs = Date.now() + STORED_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > untilMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
