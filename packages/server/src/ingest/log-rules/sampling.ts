/**
 * Whether a record is in the share that is kept. Records of a trace stay or go together: the decision is by the last 56 bits of the trace id, as
 * OpenTelemetry's consistent probability sampling takes them, so that they also go with spans sampled so. Without a trace it is by a hash of time and body,
 * which decides a record that is sent twice the same way.
 */
export function isKept(share: number, traceId: string, timestampMs: number, body: string): boolean {
  if (share >= 1) return true;
  return (traceId.length === 32 ? traceFraction(traceId) : textFraction(timestampMs, body)) >= 1 - share;
}

function traceFraction(traceId: string): number {
  return Number.parseInt(traceId.slice(18, 31), 16) / 2 ** 52;
}

/** FNV-1a with a final mix, over at most the first thousand characters. */
function textFraction(timestampMs: number, body: string): number {
  let hash = 0x811c9dc5 ^ Math.floor(timestampMs % 4294967296);
  const length = Math.min(body.length, 1000);
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ body.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}
