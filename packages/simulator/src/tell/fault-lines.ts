import type { FaultKind } from '../break/faults.ts';

/** The new lines by which a fault can be told from good times; they name what broke. `{target}` is put in when the fault begins. */

const OWN_WORDS: Readonly<Record<string, Partial<Record<FaultKind, string>>>> = {
  payment: {
    slow: 'payment provider refused: connection pool exhausted (acquired 50/50, waited {ms} ms)',
    failing: 'payment provider refused {order}: merchant account is locked, code {hex}',
  },
  checkout: { failing: 'tax service license expired, cannot price {order}' },
  auth: { failing: 'cannot verify signature: signing key {hex} is not in the key set' },
  orders: { failing: 'sequence orders_id_seq reached its maximum, {order} not saved' },
  catalog: { failing: 'product index is read-only: flood stage disk watermark exceeded on {pod}' },
};

const SERVICE_WORDS: Readonly<Record<FaultKind, string>> = {
  slow: '{target} worker pool exhausted: {n} requests queued, oldest waited {ms} ms',
  failing: '{target} lost its lease on shard {shard}, request refused',
  leaking: '{target} heap is nearly full after full collection, allocation of {bytes} bytes failed',
  dead: 'connect ECONNREFUSED {target}: no instance is listening',
  cut: 'no route to {target}: packets dropped, gave up after {ms} ms',
  'bad-version': '{target} cannot read settings of tenant {customer}: field "tax_region" is missing in schema 7',
  noisy: '{target} is overloaded by another tenant: query waited {ms} ms for a connection',
};

const STORE_WORDS: Partial<Record<FaultKind, string>> = {
  slow: '{target} connection pool exhausted (acquired 50/50, waited {ms} ms)',
  failing: '{target} refused the statement: the database system is in recovery mode',
  noisy: '{target} connection pool exhausted (acquired 50/50, waited {ms} ms), longest query runs for {n} minutes',
};

/** With `{target}` put in, the other placeholders left. */
export function faultLine(kind: FaultKind, target: string, isService: boolean): string {
  const words = isService ? (OWN_WORDS[target]?.[kind] ?? SERVICE_WORDS[kind]) : (STORE_WORDS[kind] ?? SERVICE_WORDS[kind]);
  return words.replaceAll('{target}', target);
}
