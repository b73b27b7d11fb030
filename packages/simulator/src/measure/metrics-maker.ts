import { activeFault, isRestarting, killsSoFar } from '../break/effects.ts';
import { faultLine } from '../tell/fault-lines.ts';
import type { Instance } from '../run/instances.ts';
import type { Nodes, ServiceNode } from '../run/nodes.ts';
import type { Outbox } from '../run/outbox.ts';
import type { Recorder } from '../run/recorder.ts';
import type { LoadMeter } from './load-meter.ts';
import { instanceMetrics, storeMetrics, topicMetrics } from './metrics.ts';

/** Makes metrics of what was counted, and restarts the copies whose memory is full. */
export class MetricsMaker {
  readonly #nodes: Nodes;
  readonly #meter: LoadMeter;
  readonly #outbox: Outbox;
  readonly #recorder: Recorder;
  readonly #startedUs: number;
  readonly #kills = new Map<string, number>();
  #madeUs: number;

  constructor(nodes: Nodes, meter: LoadMeter, outbox: Outbox, recorder: Recorder, startedUs: number) {
    this.#nodes = nodes;
    this.#meter = meter;
    this.#outbox = outbox;
    this.#recorder = recorder;
    this.#startedUs = startedUs;
    this.#madeUs = startedUs;
  }

  /** `running`: the copies of a service that run now. */
  make(timeUs: number, running: (node: ServiceNode) => readonly Instance[]): void {
    const sinceSeconds = Math.max(1, (timeUs - this.#madeUs) / 1e6);
    this.#madeUs = timeUs;
    for (const node of this.#nodes.services.values()) {
      const copies = running(node);
      const leak = activeFault(node.faults, 'leaking', timeUs);
      for (const instance of copies) {
        if (leak !== undefined && isRestarting(leak, timeUs, instance.index)) continue;
        const moment = { timeUs, sinceSeconds, breath: breathOf(node, instance, timeUs) };
        this.#outbox.addMetrics(instance.resource, instanceMetrics(node, instance, this.#meter.of(instance), moment), timeUs);
      }
    }
    for (const { topic, groups } of this.#nodes.topics.values()) {
      const waiting = groups.map(({ node }) => [node.name, this.#meter.waiting(topic.name, node.name)] as const);
      this.#outbox.addMetrics(exporter(topic.address), topicMetrics(topic, waiting, timeUs), timeUs);
    }
    for (const { store, noise } of this.#nodes.stores.values()) {
      const load = this.#meter.ofStore(store);
      const busy = load.recentSeconds / sinceSeconds;
      load.recentSeconds = 0;
      this.#outbox.addMetrics(exporter(store.address), storeMetrics(store, { queries: load.queries, startedUs: this.#startedUs }, busy, noise.factor - 1, timeUs), timeUs);
    }
  }

  /** Once a second: kills copies whose memory is full and says so. */
  killFull(timeUs: number): void {
    for (const node of this.#nodes.services.values()) {
      const leak = node.faults.length === 0 ? undefined : activeFault(node.faults, 'leaking', timeUs);
      if (leak === undefined) continue;
      for (const instance of node.instances) {
        const key = `${leak.id} ${instance.id}`;
        const kills = killsSoFar(leak, timeUs, instance.index);
        if (kills <= (this.#kills.get(key) ?? 0)) continue;
        this.#kills.set(key, kills);
        this.#meter.restart(instance);
        const message = `${faultLine('leaking', node.name, true).replace('{bytes}', '8388608')}; process ends`;
        this.#recorder.log(instance, { level: 'ERROR', message, timeUs, traceId: '', spanId: '', attributes: { 'k8s.container.last_terminated_reason': 'OOMKilled' }, exception: 'OutOfMemoryError' });
      }
    }
  }
}

/** Two waves that do not fit each other, and the noise of the service: smooth, and the same at the same time. */
function breathOf(node: ServiceNode, { index }: Instance, timeUs: number): number {
  const minutes = timeUs / 6e7;
  return 0.5 * Math.sin(minutes / 7 + index) + 0.3 * Math.sin(minutes / 1.7 + index * 2) + (node.noise.factor - 1);
}

const exporter = (address: string) => ({ attributes: { 'service.name': `${address.split('.')[0]!}-exporter`, 'service.instance.id': address, 'deployment.environment.name': 'production' } });
