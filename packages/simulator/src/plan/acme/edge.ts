import { cached, call, debug, external, failure, grpc, http, info, parallel, publish, query, service, warn, work } from '../steps.ts';
import type { Service } from '../system.ts';

const routed = (route: string, to: string, retries = 0) =>
  http(route, {
    ms: 1.2,
    steps: [call(to, route, { timeoutMs: 10_000, retries })],
    says: [info('{ip} "{method} {path}" {status} {bytes} {ms}ms upstream={pod}', 1)],
    failures: [failure(0.0004, 'RateLimited', 'rate limit of 100 requests per second reached by {ip}, request turned away', 429)],
  });

/** What stands between the users and the shop. */
export const EDGE_SERVICES: readonly Service[] = [
  service('edge/edge-gateway', 'go', '1.31.2', {
    instances: 3,
    logFormat: 'json',
    operations: [
      routed('GET /', 'web-bff', 1),
      routed('GET /category/{slug}', 'web-bff', 1),
      routed('GET /products/{id}', 'web-bff', 1),
      routed('GET /search', 'web-bff', 1),
      routed('GET /cart', 'web-bff', 1),
      routed('POST /cart/items', 'web-bff'),
      routed('POST /checkout', 'web-bff'),
      routed('POST /login', 'web-bff'),
      routed('POST /signup', 'web-bff'),
      routed('GET /account/orders', 'web-bff', 1),
      routed('POST /products/{id}/reviews', 'web-bff'),
      routed('GET /v1/orders', 'api', 1),
      routed('POST /v1/orders', 'api'),
      routed('POST /v1/events', 'analytics-ingest'),
      routed('PUT /media/{id}', 'api'),
      routed('POST /webhooks/payment', 'webhooks'),
    ],
    idle: [
      info('certificate of shop.acme.example is valid for {n} days'),
      info('reloaded {n} routes from the control plane in {ms} ms, generation {big}'),
      warn('upstream {pod} answered its health check after {ms} ms', 0.4),
      debug('connections: active {n}, reading {n}, writing {n}, waiting {n}', 0.8),
    ],
  }),
  service('edge/web-bff', 'nodejs', '5.14.0', {
    instances: 3,
    logFormat: 'json',
    operations: [
      http('GET /', {
        ms: 6,
        steps: [
          call('auth', 'ValidateSession', { timeoutMs: 1000, optional: true }),
          parallel(call('catalog', 'GET /featured'), call('recommendation', 'Recommend', { timeoutMs: 800, optional: true }), call('ads', 'GetAds', { timeoutMs: 500, optional: true }), call('cart', 'GetCart', { optional: true })),
          work('render home', 7),
        ],
        says: [info('rendered home for {user} in {ms} ms with {n} blocks'), debug('home: experiment {word} bucket {n}')],
        failures: [failure(0.0003, 'TypeError', "Cannot read properties of undefined (reading 'blocks')")],
      }),
      http('GET /category/{slug}', {
        ms: 5,
        steps: [call('catalog', 'GET /categories/{slug}', { retries: 1 }), call('ads', 'GetAds', { timeoutMs: 500, optional: true })],
        says: [info('category {word} shown with {n} products')],
      }),
      http('GET /products/{id}', {
        ms: 5,
        steps: [
          parallel(call('catalog', 'GET /products/{id}', { retries: 1 }), call('reviews', 'GET /products/{id}/reviews', { timeoutMs: 1500, optional: true }), call('recommendation', 'Similar', { timeoutMs: 800, optional: true })),
          work('render product', 5),
        ],
        says: [info('product {sku} shown to {user}'), debug('product {sku}: {n} variants, {n} images')],
        failures: [failure(0.004, 'NotFound', 'no product {sku}', 404)],
      }),
      http('GET /search', { ms: 4, steps: [call('search', 'GET /query', { retries: 1, timeoutMs: 3000 })], says: [info('search for "{word} {word}" gave {n} hits in {ms} ms')] }),
      http('GET /cart', { ms: 4, steps: [call('auth', 'ValidateSession'), call('cart', 'GetCart', { retries: 1 })], says: [info('cart of {user} shown, {n} items')] }),
      http('POST /cart/items', {
        ms: 4,
        steps: [call('auth', 'ValidateSession'), call('cart', 'AddItem', { retries: 1 })],
        says: [info('{user} put {sku} into the cart')],
        failures: [failure(0.002, 'ValidationError', 'quantity {n} of {sku} is above the limit of 20', 400)],
      }),
      http('POST /checkout', {
        ms: 7,
        steps: [call('auth', 'ValidateSession', { timeoutMs: 1000 }), call('checkout', 'PlaceOrder', { timeoutMs: 8000 }), work('render confirmation', 3)],
        says: [info('checkout of {user} done: order {order}', 1), info('checkout started by {user} with cart {uuid}', 1)],
        failures: [failure(0.003, 'ValidationError', 'checkout of {user} has no delivery address', 400)],
      }),
      http('POST /login', { ms: 5, steps: [call('auth', 'Login', { timeoutMs: 3000 })], says: [info('login of {email} from {ip}', 1)] }),
      http('POST /signup', { ms: 5, steps: [call('users', 'POST /users', { timeoutMs: 4000 })], says: [info('new account for {email}, country {country}', 1)], failures: [failure(0.01, 'Conflict', 'an account for {email} exists', 409)] }),
      http('GET /account/orders', { ms: 5, steps: [call('auth', 'ValidateSession'), call('orders', 'GET /orders', { retries: 1 })], says: [info('{user} looked at {n} orders')] }),
      http('POST /products/{id}/reviews', { ms: 5, steps: [call('auth', 'ValidateSession'), call('reviews', 'POST /reviews')], says: [info('{user} reviewed {sku} with {n} stars')] }),
    ],
    idle: [
      info('event loop lag p99 {ms} ms over the last minute', 0.6),
      info('feature flags refreshed: {n} flags, etag {hex}'),
      warn('memory cache of templates evicted {n} entries', 0.3),
      warn('slow render: {path} took {ms} ms', 0.2),
    ],
  }),
  service('edge/api', 'nodejs', '3.9.1', {
    operations: [
      http('GET /v1/orders', { ms: 4, steps: [call('auth', 'ValidateKey'), call('orders', 'GET /orders', { retries: 1 })], says: [info('partner {customer} listed orders page {n}')] }),
      http('POST /v1/orders', {
        ms: 6,
        steps: [call('auth', 'ValidateKey'), call('checkout', 'PlaceOrder', { timeoutMs: 8000 })],
        says: [info('partner {customer} placed order {order} of {amount} {currency}', 1), debug('request of {customer} carried Authorization: Bearer {token}', 0.05)],
        failures: [failure(0.006, 'ValidationError', 'field "lines[{n}].sku" of {customer} is empty', 422)],
      }),
      http('PUT /media/{id}', {
        ms: 9,
        steps: [call('auth', 'ValidateKey'), external('objectstore', 'PUT', '/acme-media/original', 60, { retries: 2 }), call('image-resize', 'resize', { timeoutMs: 15_000 })],
        says: [info('upload {uuid} of {bytes} bytes by {customer} stored', 1)],
        failures: [failure(0.01, 'PayloadTooLarge', 'upload of {bytes} bytes by {customer} is above the limit', 413)],
      }),
    ],
    idle: [info('quota of {customer}: {n} of 10000 calls used'), info('openapi document served to {ip}', 0.3), warn('client of {customer} uses the deprecated field "total_cents"', 0.4)],
  }),
  service('edge/webhooks', 'nodejs', '1.4.7', {
    logFormat: 'json',
    operations: [
      http('POST /webhooks/payment', {
        ms: 3,
        steps: [query('orders-db', 'INSERT', 'webhook_events', 3), publish('events')],
        says: [info('webhook charge.succeeded {uuid} taken', 1), debug('webhook signature checked with {apikey}', 0.05)],
        failures: [failure(0.004, 'BadSignature', 'signature of webhook {uuid} does not match', 401)],
      }),
    ],
    idle: [info('{n} webhook deliveries in the last minute, {n} repeated'), warn('webhook endpoint version 2019-05 is used by {customer}', 0.3)],
  }),
  service('identity/auth', 'go', '2.22.3', {
    instances: 3,
    logFormat: 'logfmt',
    operations: [
      grpc('ValidateSession', {
        ms: 0.9,
        steps: [cached('session-cache', 0.94, query('users-db', 'SELECT', 'sessions', 2.2))],
        says: [debug('session {uuid} of {user} valid for {n} min'), info('session {uuid} renewed', 0.05)],
        failures: [failure(0.001, 'Unauthenticated', 'session {uuid} has expired', 401)],
      }),
      grpc('ValidateKey', { ms: 1, steps: [cached('session-cache', 0.97, query('users-db', 'SELECT', 'api_keys', 2))], says: [debug('key of {customer} accepted, scope orders:write')] }),
      grpc('Login', {
        ms: 48,
        steps: [call('users', 'GET /users/by-email', { retries: 1 }), query('users-db', 'UPDATE', 'sessions', 3), cached('session-cache', 1)],
        says: [info('login user={user} mail={email} ip={ip} method=password', 1), debug('issued token {token} to {user}', 0.2), warn('{n} failed logins of {email} from {ip}', 0.03)],
        failures: [failure(0.05, 'Unauthenticated', 'wrong password for {email} from {ip}', 401)],
      }),
    ],
    idle: [info('signing key rotated, key id {hex}', 0.3), info('purged {n} expired sessions'), warn('clock differs from the time server by {ms} ms', 0.2), info('argon2 pool: {n} workers busy', 0.5)],
  }),
  service('identity/users', 'nodejs', '4.2.0', {
    logFormat: 'json',
    operations: [
      http('GET /users/by-email', { ms: 2, steps: [query('users-db', 'SELECT', 'users', 2.5)], says: [debug('user looked up by {email}')] }),
      http('GET /users/{id}', { ms: 1.8, steps: [cached('session-cache', 0.8, query('users-db', 'SELECT', 'users', 2.1))], says: [debug('profile of {user} read')], failures: [failure(0.0006, 'TimeoutError', 'ResourceRequest timed out while waiting for a pooled connection')] }),
      http('POST /users', {
        ms: 55,
        steps: [query('users-db', 'INSERT', 'users', 4), publish('emails'), publish('events')],
        says: [info('user {user} created with mail {email} and phone {phone}', 1), info('welcome mail queued for {user}', 1)],
        failures: [failure(0.004, 'UniqueViolation', 'duplicate key value violates unique constraint "users_email_key": {email}', 409)],
      }),
    ],
    idle: [info('consent text version {n} is in force'), info('{n} accounts waiting for deletion, oldest since {n} days'), warn('pool: {n} clients waiting for a connection', 0.2)],
  }),
];
