import type { Random } from '../run/random.ts';
import { uuid } from '../run/instances.ts';

/** What lines are filled in with. */
export interface Facts {
  readonly random: Random;
  readonly user: string;
  readonly customer: string;
  /** Three words that stay the same for all lines of one request: its order, product and mail address come from them. */
  readonly words: readonly [number, number, number];
  readonly ms: number;
  readonly status: number;
  readonly method: string;
  readonly path: string;
  readonly pod: string;
}

const WORDS = ['lamp', 'boots', 'tent', 'stove', 'kettle', 'garden', 'summer', 'outlet', 'blue', 'wooden', 'compass', 'canvas', 'winter', 'kids', 'travel'];
const NAMES = ['anna.weber', 'jonas.k', 'maria.silva', 'li.wei', 'sam.okafor', 'eva.novak', 'tom.hart', 'nina.berg', 'omar.aziz', 'julia.rossi'];
const MAILERS = ['mail.example', 'post.example', 'inbox.example'];
const COUNTRIES = ['DE', 'FR', 'IT', 'ES', 'NL', 'PL', 'AT', 'SE'];
const CITIES = ['Leipzig', 'Lyon', 'Torino', 'Tilburg', 'Poznan'];
const CURRENCIES = ['EUR', 'SEK', 'PLN'];
/** Numbers for tests that the card networks publish: they pass Luhn's check and belong to nobody. */
const CARDS = ['4242 4242 4242 4242', '5555 5555 5555 4444', '4000 0566 5566 5556'];
const IBANS = ['DE89 3704 0044 0532 0130 00', 'FR14 2004 1010 0505 0001 3M02 606', 'NL91 ABNA 0417 1643 00'];

const FILLERS: Readonly<Record<string, (facts: Facts) => string>> = {
  user: ({ user }) => user,
  customer: ({ customer }) => customer,
  email: ({ words, user }) => `${NAMES[words[0] % NAMES.length]!}.${user}@${MAILERS[words[1] % MAILERS.length]!}`,
  phone: ({ random }) => `+49 151 ${1_000_000 + random.below(8_999_999)}`,
  order: ({ words }) => `A-${100_000 + (words[0] % 900_000)}`,
  sku: ({ words }) => `SKU-${10_000 + (words[1] % 5_000)}`,
  ip: ({ words }) => `203.0.113.${1 + (words[2] % 250)}`,
  ms: ({ ms }) => ms.toFixed(ms < 10 ? 2 : 0),
  n: ({ random }) => String(1 + random.below(60)),
  big: ({ random }) => String(100_000 + random.below(90_000_000)),
  amount: ({ words }) => ((500 + (words[1] % 20_000)) / 100).toFixed(2),
  currency: ({ words }) => CURRENCIES[words[2] % CURRENCIES.length]!,
  pct: ({ random }) => `${random.below(1000) / 10}%`,
  bytes: ({ random }) => String(400 + random.below(90_000)),
  uuid: ({ random }) => uuid(random),
  hex: ({ random }) => random.hex(6),
  word: ({ random }) => random.pick(WORDS),
  country: ({ words }) => COUNTRIES[words[0] % COUNTRIES.length]!,
  city: ({ words }) => CITIES[words[1] % CITIES.length]!,
  shard: ({ words }) => String(words[0] % 12),
  card: ({ words }) => CARDS[words[0] % CARDS.length]!,
  iban: ({ words }) => IBANS[words[0] % IBANS.length]!,
  // Made here, so that nothing that looks like a secret stands in the source.
  token: ({ random }) => `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(random.hex(24)).toString('base64url')}.${Buffer.from(random.hex(20)).toString('base64url')}`,
  apikey: ({ random }) => `sk_${'live'}_${random.hex(16)}`,
  method: ({ method }) => method,
  path: ({ path }) => path,
  status: ({ status }) => String(status),
  pod: ({ pod }) => pod,
};

type Part = string | ((facts: Facts) => string);
const compiled = new Map<string, readonly Part[]>();

/** Fills in `{name}`; throws on a name that there is not. */
export function fill(text: string, facts: Facts): string {
  let parts = compiled.get(text);
  if (parts === undefined) {
    parts = compile(text);
    compiled.set(text, parts);
  }
  let line = '';
  for (const part of parts) line += typeof part === 'string' ? part : part(facts);
  return line;
}

function compile(text: string): Part[] {
  return text.split(/\{([a-z]+)\}/).map((part, index) => {
    if (index % 2 === 0) return part;
    const filler = FILLERS[part];
    if (filler === undefined) throw new TypeError(`the line "${text}" has {${part}}, which nothing fills in`);
    return filler;
  });
}
