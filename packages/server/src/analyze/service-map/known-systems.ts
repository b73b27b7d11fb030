import type { NodeType } from '@pitot/core';

/** What a port or an executable is known to be; only taken where nothing better names the node. */
interface KnownSystem {
  readonly type: NodeType;
  readonly system: string;
}

const database = (system: string): KnownSystem => ({ type: 'database', system });
const cache = (system: string): KnownSystem => ({ type: 'cache', system });
const queue = (system: string): KnownSystem => ({ type: 'queue', system });

const BY_SYSTEM: Readonly<Record<string, KnownSystem>> = {
  redis: cache('redis'),
  memcached: cache('memcached'),
  kafka: queue('kafka'),
  amqp: queue('rabbitmq'),
  nats: queue('nats'),
  mqtt: queue('mqtt'),
  postgresql: database('postgresql'),
  mysql: database('mysql'),
  mongodb: database('mongodb'),
  cassandra: database('cassandra'),
  clickhouse: database('clickhouse'),
  elasticsearch: database('elasticsearch'),
  mssql: database('microsoft.sql_server'),
  sqlserver: database('microsoft.sql_server'),
  oracle: database('oracle.db'),
};
const BY_PORT: Readonly<Record<number, KnownSystem>> = {
  1433: database('microsoft.sql_server'),
  1521: database('oracle.db'),
  1883: queue('mqtt'),
  3306: database('mysql'),
  4222: queue('nats'),
  5432: database('postgresql'),
  5672: queue('rabbitmq'),
  6379: cache('redis'),
  9042: database('cassandra'),
  9092: queue('kafka'),
  11_211: cache('memcached'),
  27_017: database('mongodb'),
};
const BY_EXECUTABLE: Readonly<Record<string, KnownSystem>> = {
  postgres: database('postgresql'),
  mysqld: database('mysql'),
  mariadbd: database('mysql'),
  mongod: database('mongodb'),
  'redis-server': cache('redis'),
  'valkey-server': cache('redis'),
  memcached: cache('memcached'),
  'nats-server': queue('nats'),
  'clickhouse-serv': database('clickhouse'),
  'clickhouse-server': database('clickhouse'),
};

/** By the scheme of an address, else by its port. */
export function systemOfAddress(protocol: string, port: number): KnownSystem | undefined {
  return BY_SYSTEM[protocol] ?? (protocol === '' ? BY_PORT[port] : undefined);
}

/** By the name of an executable that listens. A runtime, such as java, is known by its port. */
export function systemOfProcess(executable: string, port: number): KnownSystem | undefined {
  return BY_EXECUTABLE[executable] ?? (/^(?:java|beam\.smp|docker-proxy|)$/.test(executable) ? BY_PORT[port] : undefined);
}
