import { hash, hashWords } from '../fingerprint.ts';

/** 0 is no pattern. */
const NO_PATTERN = 0n;

/** The id of a template for ever: 64 bits of a hash of the service and the first form of its template, in every process. */
export function patternId(service: string, template: string): bigint {
  const bytes = Buffer.from(`${service}\0${template}`);
  hash(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
  const id = (BigInt(hashWords[1]! >>> 0) << 32n) | BigInt(hashWords[0]! >>> 0);
  return id === NO_PATTERN ? 1n : id;
}
