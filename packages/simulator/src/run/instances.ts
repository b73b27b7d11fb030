import type { OtlpResource } from '@pitot/core/otlp-writer';
import type { Language, Service } from '../plan/system.ts';
import { hashText, Random } from './random.ts';

/** One copy of a service that runs somewhere. */
export interface Instance {
  readonly service: Service;
  readonly index: number;
  readonly id: string;
  readonly pod: string;
  readonly ip: string;
  readonly version: string;
  readonly resource: OtlpResource;
  /** How far the clock of its host is ahead, in microseconds. */
  readonly skewUs: number;
}

const ZONES = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];
const SDK_VERSION: Readonly<Record<Language, string>> = { go: '1.38.0', java: '1.54.0', nodejs: '2.1.0', python: '1.37.0', ruby: '1.8.0' };
const RUNTIME: Readonly<Record<Language, readonly [name: string, version: string]>> = {
  go: ['go', 'go1.25.1'],
  java: ['OpenJDK Runtime Environment', '21.0.8+9-LTS'],
  nodejs: ['nodejs', '24.9.0'],
  python: ['cpython', '3.13.7'],
  ruby: ['ruby', '3.4.5'],
};
const INSTANCES_PER_HOST = 12;
/** One host whose clock is wrong is enough to meet the problem. */
const SKEWED_HOST = 2;
const SKEW_US = 9_000;

/** Copy number `index` of a service at `version`; the same seed gives the same pod, host and address. */
export function makeInstance(service: Service, index: number, version: string, hosts: number, seed: number): Instance {
  const random = new Random(seed, hashText(`${service.name} ${version}`), index);
  const host = random.below(hosts);
  const hostName = `ip-10-0-${(host >> 6) + 1}-${(host % 64) + 10}.eu-central-1.compute.internal`;
  const id = uuid(random);
  const pod = `${service.name}-${random.hex(4)}${random.hex(1)}-${random.hex(2)}${random.hex(1).slice(1)}`;
  const [runtime, runtimeVersion] = RUNTIME[service.language];
  const shared = {
    'service.name': service.name,
    'service.namespace': service.namespace,
    'service.version': version,
    'service.instance.id': id,
    'deployment.environment.name': 'production',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': service.language,
    'telemetry.sdk.version': SDK_VERSION[service.language],
    'process.runtime.name': runtime,
    'process.runtime.version': runtimeVersion,
    'cloud.provider': 'aws',
    'cloud.region': 'eu-central-1',
    'cloud.availability_zone': ZONES[host % ZONES.length]!,
  };
  const place = service.serverless
    ? { 'cloud.platform': 'aws_lambda', 'faas.name': service.name, 'faas.version': '12', 'faas.instance': `2026/${random.hex(16)}`, 'faas.max_memory': 536_870_912 }
    : {
        'cloud.platform': 'aws_eks',
        'host.name': hostName,
        'host.id': `i-${random.hex(8)}`,
        'k8s.cluster.name': 'acme-production',
        'k8s.namespace.name': service.namespace,
        'k8s.deployment.name': service.name,
        'k8s.pod.name': pod,
        'k8s.pod.uid': uuid(random),
        'k8s.node.name': hostName,
        'container.id': random.hex(32),
        'process.pid': 1,
      };
  return {
    service,
    index,
    id,
    pod: service.serverless ? service.name : pod,
    ip: `10.1.${random.below(32)}.${2 + random.below(250)}`,
    version,
    resource: { attributes: { ...shared, ...place } },
    skewUs: host === SKEWED_HOST && !service.serverless ? SKEW_US : 0,
  };
}

export const hostCount = (services: readonly Service[]): number => Math.max(3, Math.ceil(services.reduce((sum, { instances }) => sum + instances, 0) / INSTANCES_PER_HOST));

export function uuid(random: Random): string {
  const hex = random.hex(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
