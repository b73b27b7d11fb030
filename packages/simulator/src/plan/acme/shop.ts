import { cached, call, consume, debug, external, failure, grpc, http, info, parallel, publish, query, service, warn, work } from '../steps.ts';
import type { Service } from '../system.ts';

/** What is sold, found, priced and put into carts. */
export const SHOP_SERVICES: readonly Service[] = [
  service('shop/catalog', 'java', '7.3.1', {
    instances: 3,
    operations: [
      http('GET /featured', { ms: 3, steps: [cached('session-cache', 0.9, query('catalog-db', 'SELECT', 'featured_products', 5))], says: [info('featured list served, {n} products', 0.2)] }),
      http('GET /categories/{slug}', { ms: 4, steps: [query('catalog-db', 'SELECT', 'products', 7), call('pricing', 'QuoteMany', { timeoutMs: 1500, optional: true })], says: [info('category {word} read: {n} products in {ms} ms', 0.4), warn('category {word} has {n} products without a picture', 0.01)] }),
      http('GET /products/{id}', {
        ms: 3,
        steps: [query('catalog-db', 'SELECT', 'products', 4), parallel(call('inventory', 'GetStock', { timeoutMs: 1000, optional: true }), call('pricing', 'Quote', { timeoutMs: 1500, retries: 1 })), call('catalog', 'GET /products/{id}/related', { chance: 0.3, optional: true })],
        says: [info('product {sku} read by {customer}', 0.3), debug('second-level cache: {n} entries')],
        failures: [failure(0.0008, 'org.hibernate.LazyInitializationException', 'failed to lazily initialize a collection of role: Product.variants, could not initialize proxy - no Session')],
      }),
      http('GET /products/{id}/related', { ms: 3, steps: [query('catalog-db', 'SELECT', 'related_products', 4)], says: [debug('{n} related products for {sku}')] }),
      http('GET /products/{id}/dimensions', { ms: 2, steps: [query('catalog-db', 'SELECT', 'products', 3)], says: [debug('dimensions of {sku}: {n}x{n}x{n} mm')] }),
    ],
    idle: [info('HikariPool-1 - Pool stats (total={n}, active={n}, idle={n}, waiting=0)'), info('price list {uuid} imported, {n} rows changed'), warn('GC pause (G1 Evacuation Pause) {ms}ms', 0.4), info('index of products refreshed in {ms} ms')],
  }),
  service('shop/search', 'java', '3.0.8', {
    logFormat: 'json',
    operations: [
      http('GET /query', {
        ms: 5,
        steps: [query('search-index', 'search', 'products', 18, { timeoutMs: 2500 }), call('pricing', 'QuoteMany', { timeoutMs: 1200, optional: true })],
        says: [info('query "{word} {word}" matched {n} documents in {ms} ms', 0.7), warn('query "{word}" without hits', 0.04)],
        failures: [failure(0.0012, 'co.elastic.clients.elasticsearch._types.ElasticsearchException', '[es/search] failed: [search_phase_execution_exception] all shards failed')],
      }),
      consume('events', 400, { ms: 3, steps: [query('search-index', 'index', 'products', 9)], says: [debug('document {sku} indexed, version {big}')] }),
    ],
    idle: [info('synonyms reloaded: {n} rules'), info('bulk indexed {n} documents in {ms} ms'), warn('query latency p99 is {ms} ms', 0.3)],
  }),
  service('shop/cart', 'go', '2.8.4', {
    instances: 3,
    logFormat: 'logfmt',
    operations: [
      grpc('GetCart', { ms: 1, steps: [cached('cart-cache', 0.99)], says: [info('cart read user={user} items={n}', 0.3)] }),
      grpc('AddItem', {
        ms: 1.4,
        steps: [cached('cart-cache', 0.99), call('catalog', 'GET /products/{id}', { timeoutMs: 2000 }), call('inventory', 'GetStock', { timeoutMs: 1000, optional: true }), query('cart-cache', 'SET', 'cart', 0.5), publish('events')],
        says: [info('item {sku} added user={user} quantity={n}', 1), warn('cart of {user} is older than 30 days', 0.02)],
        failures: [failure(0.0008, '*errors.errorString', 'redis: connection pool timeout')],
      }),
      grpc('EmptyCart', { ms: 0.9, steps: [query('cart-cache', 'DEL', 'cart', 0.4)], says: [info('cart emptied user={user} order={order}')] }),
    ],
    idle: [info('{n} carts left behind in the last hour'), debug('goroutines={n} heap={bytes}', 0.8), warn('cart-cache answered PING in {ms} ms', 0.2)],
  }),
  service('shop/pricing', 'python', '1.17.2', {
    instances: 3,
    operations: [
      grpc('Quote', { ms: 2.5, steps: [cached('session-cache', 0.75, query('catalog-db', 'SELECT', 'prices', 3))], says: [info('Quoted {sku} at {amount} {currency} for {customer}', 0.3)], failures: [failure(0.0009, 'decimal.InvalidOperation', "[<class 'decimal.ConversionSyntax'>]")] }),
      grpc('QuoteMany', { ms: 5, steps: [query('catalog-db', 'SELECT', 'prices', 6)], says: [info('Quoted {n} products in {ms} ms', 0.3), warn('Price of {sku} falls back to the list price', 0.02)] }),
    ],
    idle: [info('Loaded {n} discount rules'), info('Exchange rate {currency} is {amount}'), warn('Discount rule {uuid} ends in {n} days', 0.3)],
  }),
  service('shop/inventory', 'go', '5.1.0', {
    logFormat: 'json',
    operations: [
      grpc('GetStock', { ms: 1, steps: [query('catalog-db', 'SELECT', 'stock', 1.8)], says: [debug('stock of {sku} is {n} in warehouse {city}')] }),
      grpc('Reserve', {
        ms: 2,
        steps: [query('catalog-db', 'UPDATE', 'stock', 4), call('catalog', 'GET /products/{id}/dimensions', { timeoutMs: 1500, optional: true })],
        says: [info('reserved {n} of {sku} for {order} in {city}', 1), warn('stock of {sku} is below its minimum of {n}', 0.05)],
        failures: [failure(0.004, 'OutOfStock', '{sku} is out of stock in {city}', 409)],
      }),
      consume('orders', 150, { ms: 3, steps: [query('catalog-db', 'UPDATE', 'stock', 4)], says: [info('stock written down for {order}', 0.7)] }),
    ],
    idle: [info('warehouse {city} counted, {n} differences'), info('{n} reservations expired'), warn('supplier feed of {city} is {n} minutes late', 0.3)],
  }),
  service('growth/recommendation', 'python', '0.44.0', {
    logFormat: 'json',
    operations: [
      grpc('Recommend', { ms: 14, steps: [query('profiles', 'find', 'profiles', 5), work('score', 9)], says: [info('Recommended {n} products to {user} with model {hex}', 0.3), warn('No profile for {user}, using bestsellers', 0.04)], failures: [failure(0.0015, 'ValueError', 'operands could not be broadcast together with shapes ({n},128) ({n},64)')] }),
      grpc('Similar', { ms: 10, steps: [cached('cart-cache', 0.7, query('profiles', 'aggregate', 'similar_products', 12))], says: [debug('{n} products similar to {sku}')] }),
      consume('events', 900, { ms: 4, steps: [query('profiles', 'update', 'profiles', 6)], says: [debug('profile of {user} learnt from event {uuid}')] }, 8),
    ],
    idle: [info('Model {hex} loaded in {ms} ms'), info('Feature store is {n} s behind'), warn('Drift of feature {word} is {pct}', 0.3)],
  }),
  service('growth/ads', 'java', '2.2.9', {
    operations: [
      grpc('GetAds', { ms: 4, steps: [query('profiles', 'find', 'campaigns', 4), publish('events', 0.3)], says: [info('{n} ads chosen for {word}', 0.2), debug('auction {uuid} won at {amount}')], failures: [failure(0.001, 'java.lang.NullPointerException', 'Cannot invoke "Campaign.budget()" because "campaign" is null')] }),
    ],
    idle: [info('budget of campaign {uuid} is used to {pct}'), warn('campaign {uuid} has no creative for {country}', 0.3), info('{n} campaigns active')],
  }),
  service('shop/reviews', 'ruby', '1.9.5', {
    conventions: 'old',
    operations: [
      http('GET /products/{id}/reviews', { ms: 8, steps: [query('profiles', 'find', 'reviews', 6)], says: [info('Completed 200 OK in {ms}ms (Views: {ms}ms | MongoDB: {ms}ms)', 0.6)], failures: [failure(0.001, 'NoMethodError', "undefined method `stars' for nil:NilClass")] }),
      http('POST /reviews', { ms: 12, steps: [call('users', 'GET /users/{id}'), query('profiles', 'insert', 'reviews', 7), publish('events')], says: [info('Review {uuid} of {sku} by {user} saved', 1), warn('Review {uuid} held back for moderation: {word}', 0.1)] }),
    ],
    idle: [info('Puma: {n} threads busy, backlog {n}'), warn('DEPRECATION WARNING: #find_by_slug is removed in 8.0 (called from {path})', 0.3), info('{n} reviews wait for moderation')],
  }),
  service('media/image-resize', 'nodejs', '2.0.3', {
    instances: 4,
    serverless: true,
    logFormat: 'json',
    operations: [
      http('resize', {
        ms: 180,
        steps: [external('objectstore', 'GET', '/acme-media/original', 45, { retries: 2 }), work('scale', 90), external('objectstore', 'PUT', '/acme-media/thumbnail', 55, { retries: 2 })],
        says: [info('START RequestId: {uuid} Version: 12', 1), info('REPORT RequestId: {uuid} Duration: {ms} ms Memory Size: 512 MB Max Memory Used: {n} MB', 1), info('resized {uuid} to 3 sizes', 1)],
        failures: [failure(0.006, 'Error', 'Input buffer contains unsupported image format')],
      }),
    ],
  }),
];
