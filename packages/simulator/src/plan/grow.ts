import { Random } from '../run/random.ts';
import { cached, call, consume, debug, failure, grpc, http, info, parallel, publish, query, service, warn } from './steps.ts';
import type { Journey, Language, LogFormat, Operation, Service, Step, Store, System, Topic } from './system.ts';

const DOMAINS = ['returns', 'loyalty', 'gifts', 'stores', 'suppliers', 'fleet', 'fraud', 'tax', 'ledger', 'invoices', 'surveys', 'support', 'chat', 'events', 'coupons', 'wishlist', 'partners', 'content', 'media', 'locale'];
/** The parts of a domain, from its door inwards; the first services of a domain are always these. */
const LOGIC = ['planner', 'rules', 'matcher', 'broker'];
const DATA = ['records', 'index', 'profile', 'history', 'assets', 'settings'];
const PER_DOMAIN = 2 + LOGIC.length + DATA.length;
const LANGUAGES: readonly Language[] = ['go', 'java', 'nodejs', 'python'];
const FORMATS: readonly LogFormat[] = ['text', 'json', 'logfmt'];
/** Relative to the journeys of the shop: the whole growth has about as many requests as the shop. */
const GROWN_WEIGHT = 100;

/** The system with as many services as wished for: whole domains of up to twelve services behind the same gateway, drawn by the seed. */
export function growSystem(base: System, services: number, seed: number): System {
  const extra = services - base.services.length;
  if (extra <= 0) return base;
  const domains = Math.ceil(extra / PER_DOMAIN);
  const grown: Domain[] = [];
  for (let index = 0; index < domains; index++) {
    const round = Math.floor(index / DOMAINS.length);
    const name = `${DOMAINS[index % DOMAINS.length]!}${round === 0 ? '' : round + 1}`;
    const size = Math.floor(extra / domains) + (index < extra % domains ? 1 : 0);
    grown.push(makeDomain(name, size, grown, new Random(seed, index, 77)));
  }
  const routes = grown.flatMap(({ routes }) => routes);
  const weight = GROWN_WEIGHT / routes.length;
  return {
    services: [...base.services.map((known) => (known.name === 'edge-gateway' ? { ...known, operations: [...known.operations, ...routes] } : known)), ...grown.flatMap((domain) => domain.services)],
    stores: [...base.stores, ...grown.flatMap(({ stores }) => stores)],
    topics: [...base.topics, ...grown.flatMap(({ topics }) => topics)],
    parties: base.parties,
    journeys: [...base.journeys, ...routes.map(({ name }): Journey => ({ feature: name.split('/')[1]!, service: 'edge-gateway', operation: name, weight }))],
  };
}

interface Domain {
  readonly services: readonly Service[];
  readonly stores: readonly Store[];
  readonly topics: readonly Topic[];
  /** Operations of the gateway that lead here. */
  readonly routes: readonly Operation[];
  /** What later domains may call: service and operation. */
  readonly shared: readonly [service: string, operation: string];
}

/** Services are taken in the order door, first logic, first data, consumer, then the rest, so that a small domain is whole too. */
function makeDomain(name: string, size: number, earlier: readonly Domain[], random: Random): Domain {
  const hasConsumer = size >= 4;
  const inner = size - 1 - (hasConsumer ? 1 : 0);
  const logicCount = Math.min(LOGIC.length, Math.ceil(inner / 2.5));
  const logic = LOGIC.slice(0, logicCount).map((part) => `${name}-${part}`);
  const data = DATA.slice(0, inner - logicCount).map((part) => `${name}-${part}`);
  const database: Store = { name: `${name}-db`, system: 'postgresql', address: `${name}-db.internal`, port: 5432, database: name };
  const cache: Store = { name: `${name}-cache`, system: 'redis', address: `${name}-cache.internal`, port: 6379, database: '0' };
  const usesCache = random.chance(0.5);
  const topic: Topic = { name: `${name}-changes`, system: 'kafka', address: 'kafka.internal', partitions: 3 };
  const readsOf = (index: number): Step[] => (usesCache && index === 0 ? [cached(cache.name, 0.6, query(database.name, 'SELECT', 'items', 3))] : [query(database.name, 'SELECT', 'items', 3)]);
  const make = (part: string, operations: readonly Operation[]): Service =>
    service(`${name}/${part}`, random.pick(LANGUAGES), `${1 + random.below(5)}.${random.below(20)}.${random.below(9)}`, { instances: 1 + random.below(2), logFormat: random.pick(FORMATS), operations, idle: [info(`${part} is well, {n} tasks in hand`), warn(`${part} swept {n} stale entries in {ms} ms`, 0.3)] });

  // Each data service has one logic service in front of it, where there is any.
  const childrenOf = (index: number) => data.filter((_, position) => position % Math.max(1, logic.length) === index);
  const logicServices = logic.map((part, index) => {
    const steps: Step[] = childrenOf(index).map((child) => call(child, 'Read', { retries: random.chance(0.5) ? 1 : 0, timeoutMs: 2000 }));
    if (index === 0 && hasConsumer) steps.push(publish(topic.name));
    if (earlier.length > 0 && random.chance(0.4)) steps.push(call(...random.pick(earlier).shared, { chance: 0.5, optional: true }));
    if (random.chance(0.2)) steps.push(call('users', 'GET /users/{id}', { chance: 0.5, optional: true }));
    return make(part, [grpc('Handle', { ms: 3, steps, says: [info(`${part} handled {uuid} for {customer} in {ms} ms`, 0.2), debug(`${part} chose variant {n}`)], failures: [failure(0.0008, 'IllegalState', `${part} met state {n} it does not know`)] })]);
  });
  const dataServices = data.map((part, index) => make(part, [grpc('Read', { ms: 1.5, steps: readsOf(index), says: [info(`${part} read {n} entries of {customer}`, 0.1), debug(`${part} plan {hex}`)], failures: [failure(0.0006, 'TimeoutError', `${part} waited too long for its database`)] })]));
  const halves = [logic.filter((_, index) => index % 2 === 0), logic.filter((_, index) => index % 2 === 1)] as const;
  const handle = (part: string) => call(part, 'Handle', { timeoutMs: 4000 });
  const read = logic.length > 0 ? [parallel(...halves[0].map(handle))] : readsOf(0);
  const write = [...halves[1].map(handle), query(database.name, 'INSERT', 'items', 4)];
  const door = make(`${name}-api`, [
    http(`GET /${name}/items`, { ms: 3, steps: read, says: [info(`${name}: {n} items for {user}`, 0.3)] }),
    http(`POST /${name}/items`, { ms: 4, steps: write, says: [info(`${name}: item {uuid} of {user} saved`, 0.6)], failures: [failure(0.003, 'ValidationError', `${name}: field {word} is missing`, 400)] }),
  ]);
  const consumer = make(`${name}-worker`, [consume(topic.name, 400, { ms: 4, steps: [query(database.name, 'UPDATE', 'items', 4)], says: [info(`${name}: change {uuid} worked off`, 0.3)] })]);
  const services = [door, ...logicServices, ...dataServices, ...(hasConsumer ? [consumer] : [])];
  return {
    services,
    stores: [database, ...(usesCache && (data.length > 0 || logic.length === 0) ? [cache] : [])],
    topics: hasConsumer ? [topic] : [],
    routes: [`GET /${name}/items`, `POST /${name}/items`].map((route) => http(route, { ms: 1.2, steps: [call(`${name}-api`, route, { timeoutMs: 8000 })], says: [info('{ip} "{method} {path}" {status} {bytes} {ms}ms upstream={pod}', 1)] })),
    shared: data.length > 0 ? [data[0]!, 'Read'] : [`${name}-api`, `GET /${name}/items`],
  };
}
