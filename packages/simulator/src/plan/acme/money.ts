import { cached, call, consume, debug, external, failure, grpc, http, info, parallel, publish, query, service, timer, warn, work } from '../steps.ts';
import type { Service } from '../system.ts';

/** What turns carts into money, parcels and mail. */
export const MONEY_SERVICES: readonly Service[] = [
  service('money/checkout', 'java', '6.5.2', {
    instances: 3,
    logFormat: 'json',
    operations: [
      grpc('PlaceOrder', {
        ms: 6,
        steps: [
          parallel(call('cart', 'GetCart', { retries: 1 }), call('users', 'GET /users/{id}', { retries: 1 })),
          parallel(call('pricing', 'QuoteMany', { retries: 1, timeoutMs: 2000 }), call('shipping', 'Quote', { timeoutMs: 2500, retries: 1 })),
          call('inventory', 'Reserve', { timeoutMs: 2000 }),
          call('payment', 'Charge', { timeoutMs: 5000, retries: 1 }),
          call('orders', 'POST /orders', { retries: 2, timeoutMs: 3000 }),
          call('cart', 'EmptyCart', { optional: true }),
        ],
        says: [info('order {order} placed by {user}: {n} lines, {amount} {currency}', 1), info('checkout of cart {uuid} begins for {customer}', 1), warn('price of {sku} changed between cart and checkout', 0.02)],
        failures: [failure(0.0015, 'com.acme.checkout.CartChangedException', 'cart {uuid} was changed during checkout', 409), failure(0.0006, 'java.lang.IllegalStateException', 'tax region for {country} is not configured')],
      }),
    ],
    idle: [info('{n} checkouts in flight'), warn('retry budget of payment is used to {pct}', 0.2), info('tax table of {country} refreshed')],
  }),
  service('money/payment', 'java', '4.11.0', {
    instances: 3,
    logFormat: 'json',
    operations: [
      grpc('Charge', {
        ms: 8,
        steps: [query('orders-db', 'INSERT', 'payments', 4), external('cardpay', 'POST', '/v1/charges', 160, { timeoutMs: 4000, retries: 1 }), query('orders-db', 'UPDATE', 'payments', 4)],
        says: [
          info('charged {amount} {currency} for {order}, charge {hex}', 1),
          debug('card {card} of {user} sent to the provider with key {apikey}', 0.1),
          info('3-D Secure asked of {user} by the bank', 0.2),
          warn('provider answered after {ms} ms', 0.02),
        ],
        failures: [failure(0.02, 'CardDeclined', 'card of {user} declined: insufficient_funds', 402), failure(0.0015, 'com.acme.payment.ProviderException', 'provider answered 503: please try again')],
      }),
      grpc('Refund', { ms: 8, steps: [external('cardpay', 'POST', '/v1/refunds', 140, { timeoutMs: 4000 }), query('orders-db', 'UPDATE', 'payments', 4)], says: [info('refunded {amount} {currency} of {order} to {iban}', 1)] }),
    ],
    idle: [info('connections to the provider: acquired {n}/50'), info('reconciled {n} charges with the provider'), warn('certificate of the provider changes in {n} days', 0.2), info('fraud rules version {big} active')],
  }),
  service('money/orders', 'java', '8.0.4', {
    instances: 3,
    operations: [
      http('POST /orders', {
        ms: 6,
        steps: [query('orders-db', 'INSERT', 'orders', 6), query('orders-db', 'INSERT', 'order_lines', 5), publish('orders'), publish('emails')],
        says: [info('Order {order} saved for customer {customer}', 1), info('Outbox: order.created {uuid} sent', 0.5)],
        failures: [failure(0.0008, 'org.postgresql.util.PSQLException', 'ERROR: deadlock detected; Process {big} waits for ShareLock on transaction {big}')],
      }),
      http('GET /orders', { ms: 4, steps: [query('orders-db', 'SELECT', 'orders', 9)], says: [info('Listed {n} orders of {customer} in {ms} ms', 0.4), warn('Slow query: listing orders of {customer} took {ms} ms', 0.01)] }),
      http('POST /orders/{id}/close', { ms: 4, steps: [query('orders-db', 'UPDATE', 'orders', 5)], says: [info('Order {order} closed', 1)] }),
    ],
    idle: [info('HikariPool-1 - Pool stats (total=50, active={n}, idle={n}, waiting=0)'), info('Outbox is {n} events behind'), warn('GC pause (G1 Evacuation Pause) {ms}ms', 0.3), info('Archived {n} orders')],
  }),
  service('money/shipping', 'go', '1.12.6', {
    logFormat: 'logfmt',
    operations: [
      grpc('Quote', { ms: 2, steps: [cached('cart-cache', 0.6, external('geo', 'GET', '/v2/locate', 45, { timeoutMs: 1500, retries: 1 }))], says: [info('quote zone={country} weight={n} price={amount}', 0.5)], failures: [failure(0.001, '*url.Error', 'geo: unexpected end of JSON input')] }),
      consume('orders', 250, { ms: 12, steps: [query('orders-db', 'INSERT', 'shipments', 5), call('notification', 'Send', { optional: true, timeoutMs: 2000 })], says: [info('shipment of {order} to {city} booked, parcel {hex}', 1), warn('address of {order} is not in the register, sent to {city} by hand', 0.02)] }),
    ],
    idle: [info('carrier cut-off in {city} in {n} minutes'), info('{n} parcels on their way'), warn('carrier api answers slowly: {ms} ms', 0.3)],
  }),
  service('messaging/notification', 'nodejs', '2.7.1', {
    logFormat: 'json',
    operations: [
      grpc('Send', { ms: 3, steps: [query('profiles', 'find', 'preferences', 3), publish('emails', 0.8)], says: [info('notification {uuid} for {user} queued on {word}', 0.8)], failures: [failure(0.001, 'RangeError', 'Invalid time zone specified: {word}')] }),
      consume('events', 600, { ms: 2, steps: [query('profiles', 'find', 'preferences', 3)], says: [debug('event {uuid} wants no notification')] }),
    ],
    idle: [info('push tokens: {n} removed as stale'), warn('template {word} lacks a {country} translation', 0.3), info('{n} notifications sent in the last minute')],
  }),
  service('messaging/email-worker', 'python', '3.3.3', {
    operations: [
      consume('emails', 1200, {
        ms: 9,
        steps: [work('render mail', 14), external('mailwing', 'POST', '/v3/mail/send', 120, { timeoutMs: 5000, retries: 2 })],
        says: [info('Sent order_confirmation to {email} as {hex}', 1), warn('Mailbox of {email} is full, trying again in {n} s', 0.02), debug('SMTP credentials apikey={apikey}', 0.01)],
        failures: [failure(0.003, 'jinja2.exceptions.UndefinedError', "'dict object' has no attribute 'first_name'")],
      }),
    ],
    idle: [info('Queue depth {n}, oldest message {n} s'), info('Suppression list has {big} addresses'), warn('Bounce rate is {pct}', 0.3)],
  }),
  service('growth/analytics-ingest', 'go', '0.9.8', {
    logFormat: 'json',
    operations: [
      http('POST /v1/events', { ms: 2, steps: [publish('events')], says: [info('took {n} events of {customer}', 0.3), debug('event {uuid} from {ip}, device {hex}')], failures: [failure(0.003, 'BadRequest', 'event of {customer} has no "name"', 400)] }),
      consume('events', 300, { ms: 3, steps: [external('objectstore', 'PUT', '/acme-lake/events', 50, { retries: 2, chance: 0.15 })], says: [debug('event {uuid} written to partition {shard}')] }, 20),
    ],
    idle: [info('flushed {n} events in {ms} ms to part {hex}'), info('dedupe window holds {big} ids'), warn('events of {customer} are {n} s late', 0.3)],
  }),
  service('jobs/report-cron', 'python', '1.1.0', {
    instances: 1,
    operations: [
      timer('sales-report', 300, { ms: 40, steps: [query('orders-db', 'SELECT', 'order_lines', 350), query('catalog-db', 'SELECT', 'products', 120), work('aggregate', 400), external('objectstore', 'PUT', '/acme-reports/sales', 70, { retries: 2 })], says: [info('Report sales-{n} written: {n} rows', 1), info('Report sales starts over {n} days', 1)], failures: [failure(0.02, 'MemoryError', 'Unable to allocate {n} MiB for an array with shape ({big}, 12)')] }),
      timer('stock-report', 600, { ms: 30, steps: [query('catalog-db', 'SELECT', 'stock', 200), call('notification', 'Send', { optional: true })], says: [info('Stock report sent to {email}', 1)] }),
    ],
    idle: [info('Next run in {n} s', 0.3)],
  }),
  service('jobs/billing-cron', 'java', '2.4.1', {
    instances: 1,
    operations: [
      timer('invoice-run', 240, { ms: 30, steps: [query('orders-db', 'SELECT', 'invoices', 80), call('payment', 'Refund', { chance: 0.7, timeoutMs: 6000 }), call('orders', 'POST /orders/{id}/close', { retries: 2 }), publish('emails')], says: [info('Invoice run {uuid}: {n} invoices, {amount} {currency}', 1), info('Payout of {amount} EUR to {iban} arranged', 1)], failures: [failure(0.02, 'java.lang.ArithmeticException', 'Rounding necessary')] }),
    ],
    idle: [info('Ledger balance checked: {amount} EUR', 0.5), warn('{n} invoices are overdue', 0.3)],
  }),
];
