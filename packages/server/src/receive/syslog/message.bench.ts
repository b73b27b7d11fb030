import { writeLogsRequest } from '@pitot/core/otlp-writer';
import { printRate } from '../fixtures/cpu-time.ts';
import { NOW_MS, postRequest } from '../fixtures/delivery.ts';
import { FrameSplitter } from './framing.ts';
import { logGroupsOf, type Received } from './log-groups.ts';
import { parseSyslog } from './message.ts';

// Messages per CPU-second from the bytes of a TCP connection to OTLP: framing, parsing and writing, in batches of 1,000 out of chunks of
// 64 kB. Run: node packages/server/src/receive/syslog/message.bench.ts

const MESSAGES = 1000;
const CHUNK_BYTES = 65_536;

async function measure(name: string, message: (i: number) => string): Promise<void> {
  const stream = Buffer.from(Array.from({ length: MESSAGES }, (_, i) => message(i)).join(''));
  const handle = async () => {
    const batch: Received[] = [];
    const splitter = new FrameSplitter(CHUNK_BYTES, (bytes, isCut) => {
      batch.push({ message: parseSyslog(bytes, NOW_MS), receivedMs: NOW_MS, peer: '10.0.0.1', isCut, sizeBytes: bytes.length });
    });
    for (let at = 0; at < stream.length; at += CHUNK_BYTES) splitter.push(stream.subarray(at, at + CHUNK_BYTES));
    if (batch.length !== MESSAGES) throw new Error(`${batch.length} messages`);
    return { status: writeLogsRequest(logGroupsOf(batch)).length > 0 ? 200 : 500 };
  };
  const route = { method: 'POST', path: '/', listeners: [], scope: 'ingest', summary: '', handle } as const;
  await printRate(`syslog, ${name}`, 'messages', route, [postRequest('/', {}, stream)], MESSAGES, 200);
}

await measure('RFC 5424, lines', (i) => `<165>1 2026-01-02T03:04:05.${String(i).padStart(3, '0')}Z web-${i % 20} shop 8710 ID47 [a@1 user="u-${i}"] order ${i} was paid by card\n`);
await measure('RFC 5424, octet counting', (i) => {
  const text = `<165>1 2026-01-02T03:04:05.${String(i).padStart(3, '0')}Z web-${i % 20} shop 8710 ID47 - order ${i} was paid by card`;
  return `${text.length} ${text}`;
});
await measure('RFC 3164, lines', (i) => `<34>Jan  2 03:04:05 web-${i % 20} sshd[${i}]: order ${i} was paid by card\n`);
