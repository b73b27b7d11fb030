import type { Random } from './random.ts';
import type { RequestIdentity } from './nodes.ts';

/** One request on its way through the system, or the part of it that one consumer does. */
export interface Request extends RequestIdentity {
  readonly random: Random;
  readonly traceId: string;
  /** W3C trace state; empty where every request was recorded. */
  readonly traceState: string;
  /** How many requests it stands for. */
  readonly weight: number;
}

const CUSTOMERS = ['acme-retail', 'northwind', 'globex', 'initech', 'umbra-foods', 'stark-parts', 'wayne-outdoor', 'hooli', 'vandelay', 'wonka', 'tyrell', 'cyberdyne'] as const;
/** The customer whom a bad version hurts, unless the order names one. */
export const DEFAULT_CUSTOMER: string = CUSTOMERS[2];
const USERS = 6000;

export function newIdentity(random: Random, feature: string): RequestIdentity {
  // Some customers are much larger than others.
  const customer = CUSTOMERS[Math.floor(CUSTOMERS.length * random.fraction() ** 1.8)]!;
  return { user: `u${1000 + Math.floor(USERS * random.fraction() ** 1.5)}`, customer, feature, words: [random.word(), random.word(), random.word()] };
}

/**
 * A trace id; where only 1 of 2^k requests is recorded its random part begins with k ones, as consistent probability sampling
 * would have chosen it (OpenTelemetry, tracestate `th`).
 */
export function newTraceId(random: Random, halvings: number): string {
  const id = random.hex(16);
  if (halvings === 0) return id;
  const digits = Math.ceil(halvings / 4);
  const ones = (1 << (digits * 4)) - (1 << (digits * 4 - halvings));
  const head = (Number.parseInt(id.slice(18, 18 + digits), 16) | ones).toString(16).padStart(digits, '0');
  return id.slice(0, 18) + head + id.slice(18 + digits);
}

/** `ot=th:…` for 1 of 2^k; empty for all. */
export function traceStateOf(halvings: number): string {
  if (halvings === 0) return '';
  const digits = Math.ceil(halvings / 4);
  return `ot=th:${((1 << (digits * 4)) - (1 << (digits * 4 - halvings))).toString(16)}`;
}
