import { setTimeout as sleep } from 'node:timers/promises';
import { createSimulation } from './run/simulation.ts';
import { OtlpSender } from './send/otlp-sender.ts';

const url = process.argv[2] ?? 'http://127.0.0.1:4318';
const controller = new AbortController();
process.once('SIGINT', () => controller.abort());
process.once('SIGTERM', () => controller.abort());
const sender = new OtlpSender({ url, signal: controller.signal, notice: (text) => process.stderr.write(`${text}\n`) });
const simulation = createSimulation({ startMs: Date.now() });
try {
  while (!controller.signal.aborted) {
    await sender.send(simulation.advance(Date.now()));
    await sleep(1000, undefined, { signal: controller.signal });
  }
} catch (error) {
  if (!controller.signal.aborted) throw error;
}
