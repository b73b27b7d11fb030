/**
 * Frame times while a trace of 10,000 spans is scrolled, filtered and zoomed in Chromium. The trace is sent over OTLP to a Pitot of its own.
 *
 *   node bench/waterfall.ts [spans]
 *
 * Needs the built pages (`npm run build -w @pitot/web`) and Chromium (`CHROMIUM_PATH`).
 */
import { randomBytes } from 'node:crypto';
import { writeTracesRequest, type OtlpSpan } from '@pitot/core/otlp-writer';
import type { Page } from 'playwright-core';
import { findChromium, launch, openPage } from '../e2e/browser.ts';
import { startPitot } from '../e2e/started-pitot.ts';

const SPANS = Number(process.argv[2] ?? 10_000);
const FAN = 9;
const SERVICES = 12;
const BATCH = 2000;
const FRAMES = 240;
/** Rows of the waterfall that one frame scrolls over; a fast wheel. */
const SCROLL_PX = 180;

/** Runs in the page: scrolls the rows down, and up again at the end; answers the milliseconds between frames. */
const SCROLL = `new Promise((resolve) => {
  const box = document.querySelector('.waterfall-rows');
  const deltas = [];
  let before = performance.now();
  let direction = 1;
  const frame = (now) => {
    deltas.push(now - before);
    before = now;
    if (deltas.length >= ${FRAMES}) return resolve(deltas.slice(2));
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) direction = -1;
    box.scrollTop += ${SCROLL_PX} * direction;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

const path = findChromium();
if (path === undefined) throw new Error('Chromium is needed; name it in CHROMIUM_PATH');
const traceId = randomBytes(16).toString('hex');
const pitot = await startPitot();
const browser = await launch(path);
try {
  const spans = spansOf(SPANS);
  for (let i = 0; i < spans.length; i += BATCH) await send(spans.slice(i, i + BATCH));
  await stored();
  const { page } = await openPage(browser, pitot.baseUrl);
  const openMs = await timed(async () => {
    await page.goto(`/explore/traces/${traceId}`);
    await page.getByRole('treeitem').first().waitFor();
  });
  console.log(`${SPANS} spans: the first rows stood ${openMs.toFixed(0)} ms after the page was asked for`);
  await page.getByRole('button', { name: 'Open all' }).click();
  console.log(`rows in the document: ${await page.getByRole('treeitem').count()}`);
  report('scrolling, all open', await scrolled(page));
  await page.getByRole('searchbox', { name: 'Find in this trace' }).fill('service-3');
  await page.getByText(/spans? found/).waitFor();
  report('scrolling, filtered', await scrolled(page));
} finally {
  await browser.close();
  await pitot.stop();
}

interface Scrolled {
  readonly deltas: readonly number[];
  /** What the page's main thread computed for each frame, without the time it waited for a processor. */
  readonly busyMs: number;
}

async function scrolled(page: Page): Promise<Scrolled> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async (): Promise<number> => (await client.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  const beforeSeconds = await busy();
  const deltas = await page.evaluate<number[]>(SCROLL);
  const busyMs = ((await busy()) - beforeSeconds) * 1000;
  await client.detach();
  return { deltas, busyMs: busyMs / deltas.length };
}

function report(what: string, { deltas, busyMs }: Scrolled): void {
  const sorted = [...deltas].sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1);
  const late = deltas.filter((ms) => ms > 34).length;
  console.log(`${what}: ${deltas.length} frames, median ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ${late} over 34 ms; ${busyMs.toFixed(1)} ms of work each`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

async function stored(): Promise<void> {
  for (;;) {
    const answer = await fetch(`${pitot.baseUrl}/api/v1/traces/${traceId}`);
    if (answer.ok && ((await answer.json()) as { spans: unknown[] }).spans.length === SPANS) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

type ServiceSpan = OtlpSpan & { readonly service: string };

async function send(batch: readonly ServiceSpan[]): Promise<void> {
  const groups = [...new Set(batch.map(({ service }) => service))].map((service) => ({
    resource: { attributes: { 'service.name': service } },
    records: batch.filter((span) => span.service === service),
  }));
  const answer = await fetch(`${pitot.otlpUrl}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: Buffer.from(writeTracesRequest(groups)) });
  if (!answer.ok) throw new Error(`Pitot answered ${answer.status}: ${await answer.text()}`);
}

/** A tree in which each span has up to nine children, ten seconds long, with a failure now and then. */
function spansOf(count: number): ServiceSpan[] {
  const spans: ServiceSpan[] = [];
  const baseNs = BigInt(Date.now() - 60_000) * 1_000_000n;
  const add = (startUs: number, durationUs: number, parentSpanId: string | undefined, left: number): void => {
    const spanId = (spans.length + 1).toString(16).padStart(16, '0');
    const number = spans.length;
    spans.push({
      service: `service-${number % SERVICES}`,
      traceId,
      spanId,
      ...(parentSpanId !== undefined && { parentSpanId }),
      name: `GET /resource/${number % 40}`,
      kind: number % 2 === 0 ? 2 : 3,
      startTimeUnixNano: baseNs + BigInt(Math.round(startUs)) * 1000n,
      endTimeUnixNano: baseNs + BigInt(Math.round(startUs + durationUs)) * 1000n,
      ...(number % 97 === 96 && { statusCode: 2, statusMessage: 'timed out' }),
    });
    const rest = left - 1;
    const children = Math.min(FAN, rest);
    for (let i = 0; i < children; i++) {
      add(startUs + (durationUs * i) / children, (durationUs / children) * 0.9, spanId, Math.floor(rest / children) + (i < rest % children ? 1 : 0));
    }
  };
  add(0, 10_000_000, undefined, count);
  return spans;
}
