import type { LogRecord } from '@pitot/core';
import type { RecordId, StoredRecord } from '../../store/logs/log-rows.ts';

export type ExportFormat = 'ndjson' | 'csv';

/** Records in memory at a time. */
const PAGE_ROWS = 2000;
const COLUMNS = ['timestamp', 'service', 'environment', 'severity', 'severity_text', 'body', 'event_name', 'trace_id', 'span_id', 'scope', 'pattern', 'attributes', 'resource', 'id'] as const satisfies readonly (keyof LogRecord)[];
/** What spreadsheets take for the start of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** At most `mostRows` records, newest first, as pieces of a file. A page is read when the one before is taken, so that a slow reader holds nothing up but itself. */
export async function* exportPieces(readPage: (after: RecordId | undefined, limit: number) => Promise<StoredRecord[]>, format: ExportFormat, mostRows: number): AsyncGenerator<string, void, undefined> {
  // Goes out with the first page, so that a query that fails gives nothing.
  let header = format === 'csv' ? `${COLUMNS.join(',')}\r\n` : '';
  const line = format === 'csv' ? csvLine : (record: LogRecord) => `${JSON.stringify(record)}\n`;
  let after: RecordId | undefined;
  for (let left = mostRows; left > 0; ) {
    const limit = Math.min(PAGE_ROWS, left);
    const page = await readPage(after, limit);
    const piece = header + page.map(({ record }) => line(record)).join('');
    if (piece !== '') yield piece;
    header = '';
    if (page.length < limit) return;
    left -= page.length;
    after = page.at(-1)!.id;
  }
}

function csvLine(record: LogRecord): string {
  return `${COLUMNS.map((column) => cell(record[column])).join(',')}\r\n`;
}

/** RFC 4180; what a spreadsheet would calculate is marked as text. */
function cell(value: string | object | null): string {
  const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
