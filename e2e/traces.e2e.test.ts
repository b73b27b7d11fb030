import { randomBytes } from 'node:crypto';
import { writeLogsRequest, writeTracesRequest, type OtlpSpan } from '@pitot/core/otlp-writer';
import type { TraceAnswer, TracesAnswer } from '@pitot/core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launch, openPage } from './browser.ts';
import { startPitot, type StartedPitot } from './started-pitot.ts';

const chromiumPath = findChromium();
const DATA_WITHIN_MS = 40_000;
const idOf = (bytes: number): string => randomBytes(bytes).toString('hex');
const FAILED = idOf(16);
const CHARGE = idOf(8);
const WELL = Array.from({ length: 30 }, () => idOf(16));
const FAST_MS = 20;
const SLOW_MS = 1800;

describe.skipIf(chromiumPath === undefined)('the pages of traces', () => {
  let pitot: StartedPitot;
  let browser: Browser;

  beforeAll(async () => {
    pitot = await startPitot();
    browser = await launch(chromiumPath!);
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const secondNs = 1_000_000_000n;
    await send('traces', writeTracesRequest(groups([...failedTrace(nowNs - 60n * secondNs), ...WELL.flatMap((id, i) => wellTrace(id, nowNs - BigInt(90 + i) * secondNs))])));
    const at = nowNs - 60n * secondNs + 900_000_000n;
    await send('logs', writeLogsRequest([{ resource: resourceOf('payment'), records: [{ timeUnixNano: at, severityNumber: 17, severityText: 'ERROR', body: 'card refused: the pool is empty', traceId: FAILED, spanId: CHARGE }] }]));
    await until(async () => ((await api<TracesAnswer>('/api/v1/traces?limit=100'))?.traces.length ?? 0) === 1 + WELL.length, 'the traces to be stored');
    await until(async () => (await api<TraceAnswer>(`/api/v1/traces/${FAILED}`))?.spans.some(({ log_count: count }) => count > 0) === true, 'the log to be stored');
  });
  afterAll(async () => {
    await browser?.close();
    await pitot?.stop();
  });

  async function send(signal: 'traces' | 'logs', body: Uint8Array): Promise<void> {
    const answer = await fetch(`${pitot.otlpUrl}/v1/${signal}`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: body as BodyInit });
    expect(answer.status).toBe(200);
  }

  async function api<T>(path: string): Promise<T | undefined> {
    const answer = await fetch(`${pitot.baseUrl}${path}`);
    return answer.ok ? ((await answer.json()) as T) : undefined;
  }

  it('finds a failed request, opens it where its error began, with the logs of that span', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/traces');
    expect(await page.getByTestId('sentence').innerText()).toMatch(/\d+ spans, .*failed; 95 % took less than/);
    await page.getByRole('region', { name: 'Narrow by' }).getByRole('button', { name: /^error/ }).click();
    await page.waitForURL(/q=status:error/);
    const row = page.getByTestId('trace-row');
    await until(async () => (await row.count()) === 1, 'the search to leave one trace');
    await row.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/explore/traces/${FAILED}`));
    await page.getByTestId('sentence').getByText('shop › POST /checkout took').waitFor();
    const sentence = await page.getByTestId('sentence').innerText();
    expect(sentence).toContain('payment › charge broke first (PoolExhausted: no connection within 800 ms)');
    const panel = page.getByTestId('span-panel');
    await panel.getByText('The trace’s error began here.').waitFor();
    await page.getByRole('treeitem', { name: /payment charge.*where the error began/, selected: true }).waitFor();
    await panel.getByText('card refused: the pool is empty').waitFor();
    expect(await panel.getByText('at Pool.acquire (pool.js:17)').count()).toBe(1);
    expect(await panel.getByRole('link', { name: 'Logs of this span' }).getAttribute('href')).toMatch(new RegExp(`/explore/logs\\?q=trace_id:${FAILED}.+span_id:${CHARGE}`));
    expect(complaints).toEqual([]);
  });

  it('goes through the waterfall by keyboard; Esc closes the panel', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto(`/explore/traces/${FAILED}?span=${CHARGE}`);
    const tree = page.getByRole('tree');
    await tree.focus();
    await page.keyboard.press('Home');
    await page.getByRole('treeitem', { name: /shop POST \/checkout/, selected: true }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await until(async () => (await page.getByRole('treeitem').count()) === 1, 'everything below the root to close');
    await page.keyboard.press('e');
    await until(async () => (await page.getByRole('treeitem').count()) > 1, 'the way to the next error to open');
    await page.keyboard.press('Escape');
    await page.getByTestId('span-panel').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Services' }).click();
    await page.getByRole('region', { name: 'Services' }).getByRole('link', { name: 'payment' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows the traces of a piece of the heatmap only, and what is different about them', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/explore/traces?from=now-5m&refresh=off');
    const rows = page.getByTestId('trace-row');
    await until(async () => (await rows.count()) === 1 + WELL.length, 'all traces to be listed');
    const heatmap = page.getByTestId('heatmap');
    const box = (await heatmap.boundingBox())!;
    await page.mouse.move(box.x + 62, box.y + 8);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 10, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/pick=\d+-\d+:/);
    await until(async () => (await rows.count()) === 1, 'the list to hold the slow trace only');
    await page.getByRole('region', { name: 'What is different about these' }).getByText(/chosen, compared with/).waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await until(async () => (await rows.count()) === 1 + WELL.length, 'all traces to be back');
    expect(complaints).toEqual([]);
  });

  it('compares two traces', async () => {
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto(`/explore/traces?left=${WELL[0]}&q=status:error`);
    await page.getByText('Pick a trace to compare with').waitFor();
    await page.getByTestId('trace-row').click();
    await page.waitForURL(new RegExp(`/explore/traces/${WELL[0]}\\?.*with=${FAILED}`));
    const table = page.getByRole('table', { name: 'Calls of both traces' });
    await table.getByRole('row').filter({ hasText: 'payment' }).first().waitFor();
    expect((await page.getByTestId('sentence').innerText()).length).toBeGreaterThan(20);
    expect(complaints).toEqual([]);
  });

  it('says kindly that a trace is not here', async () => {
    const { page } = await openPage(browser, pitot.baseUrl, { viewport: { width: 390, height: 844 } });
    await page.goto(`/explore/traces/${idOf(16)}`);
    await page.getByText('This trace is not here').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
});

const resourceOf = (service: string) => ({ attributes: { 'service.name': service, 'deployment.environment.name': 'e2e' } });

const msNs = (ms: number): bigint => BigInt(ms) * 1_000_000n;

type ServiceSpan = OtlpSpan & { readonly service: string };

/** A checkout whose call to payment waits for a connection and fails. */
function failedTrace(startNs: bigint): ServiceSpan[] {
  const [root, call] = [idOf(8), idOf(8)];
  const error = { statusCode: 2, statusMessage: 'no connection within 800 ms' };
  const exception = {
    timeUnixNano: startNs + msNs(900),
    name: 'exception',
    attributes: { 'exception.type': 'PoolExhausted', 'exception.message': 'no connection within 800 ms', 'exception.stacktrace': 'PoolExhausted: no connection within 800 ms\n    at Pool.acquire (pool.js:17)' },
  };
  return [
    { service: 'shop', traceId: FAILED, spanId: root, name: 'POST /checkout', kind: 2, startTimeUnixNano: startNs, endTimeUnixNano: startNs + msNs(SLOW_MS), ...error },
    { service: 'shop', traceId: FAILED, spanId: call, parentSpanId: root, name: 'call payment', kind: 3, startTimeUnixNano: startNs + msNs(40), endTimeUnixNano: startNs + msNs(950), ...error },
    { service: 'payment', traceId: FAILED, spanId: CHARGE, parentSpanId: call, name: 'charge', kind: 2, startTimeUnixNano: startNs + msNs(60), endTimeUnixNano: startNs + msNs(920), attributes: { 'user.id': 'u-7', retries: 2 }, events: [exception], ...error },
  ];
}

function wellTrace(traceId: string, startNs: bigint): ServiceSpan[] {
  const root = idOf(8);
  return [
    { service: 'shop', traceId, spanId: root, name: 'POST /checkout', kind: 2, startTimeUnixNano: startNs, endTimeUnixNano: startNs + msNs(FAST_MS) },
    { service: 'payment', traceId, spanId: idOf(8), parentSpanId: root, name: 'charge', kind: 2, startTimeUnixNano: startNs + msNs(5), endTimeUnixNano: startNs + msNs(15) },
  ];
}

function groups(spans: readonly ServiceSpan[]) {
  return ['shop', 'payment'].map((service) => ({ resource: resourceOf(service), scope: { name: 'e2e', version: '1' }, records: spans.filter((span) => span.service === service) }));
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const untilMs = Date.now() + DATA_WITHIN_MS;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`waited ${DATA_WITHIN_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
