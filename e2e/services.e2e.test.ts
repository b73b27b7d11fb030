import { writeLogsRequest, writeTracesRequest, type OtlpGroup, type OtlpLogRecord, type OtlpSpan } from '@pitot/core/otlp-writer';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launch, openPage } from './browser.ts';
import { startPitot, type StartedPitot } from './started-pitot.ts';

const chromiumPath = findChromium();
const STORED_WITHIN_MS = 40_000;
/** Every how many requests the payment fails. */
const FAILS_EVERY = 3;
/** A request every two seconds, for ten minutes before the test and while it runs: silence would be a trouble of its own. */
const EVERY_MS = 2000;
const REQUESTS_BEFORE = 300;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
const resourceOf = (service: string, namespace: string) => ({ attributes: { 'service.name': service, 'service.namespace': namespace, 'service.version': '1.2.0', 'service.instance.id': `${service}-1`, 'deployment.environment.name': 'production' } });

/** Requests of a shop: web calls checkout, which calls payment and its database; payment fails a third of them. */
function shopSpans(first: number, count: number, startMs: number): OtlpGroup<OtlpSpan>[] {
  const spans: Record<string, OtlpSpan[]> = { web: [], checkout: [], payment: [] };
  for (let i = first; i < first + count; i++) {
    const start = BigInt(startMs + (i - first) * EVERY_MS) * 1_000_000n;
    const traceId = hex(0xabc000 + i, 32);
    const failed = i % FAILS_EVERY === 0;
    const span = (n: number, name: string, kind: number, parent: number | undefined, offsetMs: number, lengthMs: number, attributes = {}): OtlpSpan => ({
      traceId,
      spanId: hex(i * 16 + n, 16),
      ...(parent !== undefined && { parentSpanId: hex(i * 16 + parent, 16) }),
      name,
      kind,
      startTimeUnixNano: start + BigInt(offsetMs) * 1_000_000n,
      endTimeUnixNano: start + BigInt(offsetMs + lengthMs) * 1_000_000n,
      attributes,
      ...(failed && n !== 6 && { statusCode: 2, statusMessage: 'card refused' }),
    });
    spans['web']!.push(span(1, 'POST /checkout', 2, undefined, 0, 100), span(2, 'POST', 3, 1, 5, 90, { 'server.address': 'checkout' }));
    spans['checkout']!.push(span(3, 'POST /orders', 2, 2, 8, 80), span(4, 'Charge', 3, 3, 10, 50, { 'server.address': 'payment' }));
    spans['checkout']!.push(span(6, 'INSERT orders', 3, 3, 65, 10, { 'db.system.name': 'postgresql', 'db.namespace': 'orders', 'server.address': 'orders-db' }));
    spans['payment']!.push(span(5, 'Charge', 2, 4, 12, 40));
  }
  return Object.entries(spans).map(([service, records]) => ({ resource: resourceOf(service, service === 'web' ? 'edge' : 'money'), records }));
}

function paymentLogs(): OtlpGroup<OtlpLogRecord>[] {
  const records = Array.from({ length: 30 }, (_, i): OtlpLogRecord => ({
    timeUnixNano: BigInt(Date.now() - 60_000 + i * 1000) * 1_000_000n,
    severityNumber: 17,
    severityText: 'ERROR',
    body: `charge ${1000 + i} refused: merchant account is suspended`,
  }));
  return [{ resource: resourceOf('payment', 'money'), records }];
}

describe.skipIf(chromiumPath === undefined)('the services', () => {
  let pitot: StartedPitot;
  let browser: Browser;
  let sender: NodeJS.Timeout | undefined;

  beforeAll(async () => {
    pitot = await startPitot();
    browser = await launch(chromiumPath!);
    let next = REQUESTS_BEFORE;
    await send('/v1/traces', writeTracesRequest(shopSpans(0, REQUESTS_BEFORE, Date.now() - REQUESTS_BEFORE * EVERY_MS)));
    sender = setInterval(() => void send('/v1/traces', writeTracesRequest(shopSpans(next++, 1, Date.now() - EVERY_MS))), EVERY_MS);
    await send('/v1/logs', writeLogsRequest(paymentLogs()));
    await until(async () => (await ask<{ services: unknown[] }>('/api/v1/services')).services.length === 3, 'the services to be known');
    await until(async () => (await ask<{ edges: unknown[] }>('/api/v1/topology')).edges.length >= 3, 'the calls to be known');
  });
  afterAll(async () => {
    clearInterval(sender);
    await browser?.close();
    await pitot?.stop();
  });

  async function send(path: string, body: Uint8Array): Promise<void> {
    const answer = await fetch(`${pitot.otlpUrl}${path}`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: new Uint8Array(body) });
    expect(answer.status).toBe(200);
  }
  const ask = async <T>(path: string): Promise<T> => (await (await fetch(`${pitot.baseUrl}${path}`)).json()) as T;

  it('lead from the overview in three clicks to the failed span, and to the line that says why', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/');
    const sentence = page.getByTestId('sentence');
    await sentence.getByText(/is failing \d+ % of its requests/).waitFor();
    await sentence.getByRole('link', { name: 'payment' }).first().click();
    await page.waitForURL('**/services/payment*');
    await sentence.getByText(/payment: failing \d+ % of \d+ requests/).waitFor();
    const patterns = page.getByRole('region', { name: 'Log patterns' });
    const line = patterns.getByRole('link', { name: /refused: merchant account is suspended/ });
    await line.waitFor();
    expect(await line.getAttribute('href')).toMatch(/^\/explore\/logs\?.*q=service:payment\+pattern:/);
    await page.getByRole('region', { name: 'Failed traces' }).getByRole('link', { name: 'Charge' }).first().click();
    await page.waitForURL(/\/explore\/traces\/0+ab[0-9a-f]{4}\?.*span=/);
    expect(complaints).toEqual([]);
  });

  it('are drawn as a map, whose nodes open by keyboard and say who calls them', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/services');
    const map = page.getByRole('region', { name: 'Map of services' });
    const node = map.getByRole('button', { name: 'Service payment, Critical' });
    await node.waitFor({ timeout: 30_000 });
    await map.getByRole('button', { name: /^Database orders/ }).waitFor();
    await map.getByRole('button', { name: /^Service checkout/ }).focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/^Service web/);
    await node.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/node=service:payment/);
    const side = page.getByRole('complementary', { name: 'Service payment' });
    await side.getByRole('region', { name: 'Called by' }).getByRole('button', { name: 'checkout' }).waitFor();
    await side.getByRole('region', { name: 'What breaks if this fails?' }).getByText(/web/).first().waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.search.includes('node='));
    await page.getByRole('button', { name: 'List' }).click();
    await page.waitForURL(/view=list/);
    await page.getByRole('region', { name: 'Services' }).getByRole('link', { name: 'web', exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('have a page with operations, calls and charts', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/services/checkout?from=now-15m');
    await page.getByRole('region', { name: 'Operations' }).getByText('POST /orders').waitFor();
    await page.getByRole('region', { name: 'Called by' }).getByRole('link', { name: 'web', exact: true }).waitFor();
    await page.getByRole('region', { name: 'Calls', exact: true }).getByRole('link', { name: 'payment', exact: true }).waitFor();
    await page.getByRole('region', { name: 'Requests by operation' }).locator('canvas').waitFor();
    await page.getByRole('region', { name: 'Instances' }).getByText('checkout-1').waitFor();
    expect(complaints).toEqual([]);
  });

  it('are found by the palette', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/hosts');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('textbox', { name: 'Search' }).fill('payment');
    await page.getByRole('button', { name: 'payment', exact: true }).click();
    await page.waitForURL('**/services/payment*');
    expect(complaints).toEqual([]);
  });
});

async function until(isDone: () => Promise<boolean>, what: string): Promise<void> {
  const endMs = Date.now() + STORED_WITHIN_MS;
  while (Date.now() < endMs) {
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error(`waited ${STORED_WITHIN_MS} ms for ${what}`);
}
