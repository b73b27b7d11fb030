import { journey } from '../steps.ts';
import type { System } from '../system.ts';
import { EDGE_SERVICES } from './edge.ts';
import { MONEY_SERVICES } from './money.ts';
import { SHOP_SERVICES } from './shop.ts';

const GATEWAY = 'edge-gateway';

/** The Acme shop: 24 services as a startup of forty people has them. */
export const ACME: System = {
  services: [...EDGE_SERVICES, ...SHOP_SERVICES, ...MONEY_SERVICES],
  stores: [
    { name: 'users-db', system: 'postgresql', address: 'users-db.internal', port: 5432, database: 'users' },
    { name: 'orders-db', system: 'postgresql', address: 'orders-db.internal', port: 5432, database: 'orders' },
    { name: 'catalog-db', system: 'postgresql', address: 'catalog-db.internal', port: 5432, database: 'catalog' },
    { name: 'session-cache', system: 'redis', address: 'session-cache.internal', port: 6379, database: '0' },
    { name: 'cart-cache', system: 'redis', address: 'cart-cache.internal', port: 6379, database: '0' },
    { name: 'profiles', system: 'mongodb', address: 'profiles.internal', port: 27017, database: 'profiles' },
    { name: 'search-index', system: 'elasticsearch', address: 'search-index.internal', port: 9200, database: 'acme' },
  ],
  topics: [
    { name: 'orders', system: 'kafka', address: 'kafka.internal', partitions: 6 },
    { name: 'events', system: 'kafka', address: 'kafka.internal', partitions: 12 },
    { name: 'emails', system: 'aws_sqs', address: 'sqs.eu-central-1.queue.example', partitions: 1 },
  ],
  parties: [
    { name: 'cardpay', address: 'api.cardpay.example' },
    { name: 'mailwing', address: 'api.mailwing.example' },
    { name: 'objectstore', address: 's3.eu-central-1.objectstore.example' },
    { name: 'geo', address: 'api.geolocate.example' },
  ],
  journeys: [
    journey('home', GATEWAY, 'GET /', 14),
    journey('browse', GATEWAY, 'GET /category/{slug}', 16),
    journey('product', GATEWAY, 'GET /products/{id}', 22),
    journey('search', GATEWAY, 'GET /search', 12),
    journey('cart', GATEWAY, 'GET /cart', 6),
    journey('cart', GATEWAY, 'POST /cart/items', 6),
    journey('checkout', GATEWAY, 'POST /checkout', 4),
    journey('account', GATEWAY, 'POST /login', 3),
    journey('account', GATEWAY, 'POST /signup', 0.6),
    journey('account', GATEWAY, 'GET /account/orders', 2.5),
    journey('reviews', GATEWAY, 'POST /products/{id}/reviews', 0.7),
    journey('partner-api', GATEWAY, 'GET /v1/orders', 3),
    journey('partner-api', GATEWAY, 'POST /v1/orders', 1),
    journey('analytics', GATEWAY, 'POST /v1/events', 8),
    journey('media', GATEWAY, 'PUT /media/{id}', 0.6),
    journey('webhooks', GATEWAY, 'POST /webhooks/payment', 2),
  ],
};
