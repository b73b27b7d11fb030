import { isDown } from '../break/effects.ts';
import { messaging } from './attributes.ts';
import type { Outcome, Serving } from './calls.ts';
import type { Engine } from './engine.ts';
import { uuid } from './instances.ts';
import type { ConsumerGroup, Message, TopicNode } from './nodes.ts';
import { KIND, type Trouble } from './recorder.ts';
import { newTraceId, type Request } from './request.ts';

/** Messages one copy of a consumer works on at the same time. */
const CONCURRENCY = 8;
/** More than this is not kept for a consumer that is down. */
const MOST_HELD = 20_000;

/** Sends one message and, later in simulated time, has its consumers work on it. */
export function publishMessage(serving: Serving, topicName: string, startUs: number): Outcome {
  const { engine, request, instance, node } = serving;
  const { random } = request;
  const topic = engine.nodes.topics.get(topicName)!;
  const spanId = random.hex(8);
  const messageId = uuid(random);
  const cut = node.cuts.get(topic.key)?.some((fault) => startUs >= fault.startMs * 1000 && startUs < fault.endMs * 1000) ?? false;
  const down = isDown(topic.faults, startUs);
  const endUs = startUs + (cut || down ? 3_000_000 : random.logNormal(1_600, 0.4) * topic.noise.factor);
  const trouble: Trouble | undefined = cut || down ? { type: 'TimeoutException', message: `topic ${topicName} not present in metadata after 3000 ms`, status: 503, origin: true } : undefined;
  engine.recorder.span(request, instance, {
    spanId,
    parentSpanId: serving.spanId,
    name: `send ${topicName}`,
    kind: KIND.producer,
    startUs,
    endUs,
    attributes: messaging(topic.topic, 'send', messageId, random.below(topic.topic.partitions), ''),
    trouble,
  });
  if (trouble === undefined) {
    const { traceId, traceState, weight, user, customer, feature, words } = request;
    for (const group of topic.groups) {
      deliver(engine, topic, group, { traceId, spanId, traceState, weight, sentUs: endUs, request: { user, customer, feature, words } }, request);
    }
  }
  return { endUs, trouble };
}

function deliver(engine: Engine, topic: TopicNode, group: ConsumerGroup, message: Message, request: Request): void {
  engine.meter.queued(topic.name, group.node.name, message.weight);
  if (isDown(group.node.faults, message.sentUs)) {
    if (group.held.length < MOST_HELD) group.held.push(message);
    return;
  }
  if (group.batch === 1) {
    // Draws of its own: how a message fares must not change the rest of the request that sent it.
    consume(engine, topic, group, [message], { ...request, random: request.random }, message.sentUs);
    return;
  }
  group.gathered.push(message);
  if (group.gathered.length < group.batch) return;
  const batch = group.gathered;
  group.gathered = [];
  const { random } = request;
  consume(engine, topic, group, batch, { ...message.request, random, traceId: newTraceId(random, 0), traceState: message.traceState, weight: message.weight }, message.sentUs);
}

/** Lets consumers that are back work off what waited for them; at most `most` messages a group. */
export function releaseHeld(engine: Engine, request: Request, nowUs: number, most: number): void {
  for (const topic of engine.nodes.topics.values()) {
    for (const group of topic.groups) {
      if (group.held.length === 0 || isDown(group.node.faults, nowUs)) continue;
      for (const message of group.held.splice(0, most)) {
        const { traceId, traceState, weight } = message;
        consume(engine, topic, group, [message], { ...message.request, random: request.random, traceId, traceState, weight }, nowUs);
      }
    }
  }
}

function consume(engine: Engine, topic: TopicNode, group: ConsumerGroup, messages: readonly Message[], request: Request, sentUs: number): void {
  const { random } = request;
  const { node, operation } = group;
  const ready = sentUs + random.logNormal(group.delayMs, 0.4) * topic.noise.factor * 1000;
  const startUs = Math.max(ready, group.freeUs);
  const instance = engine.route(request, node, startUs);
  const weight = messages.reduce((sum, message) => sum + message.weight, 0);
  if (instance === undefined) {
    engine.meter.taken(topic.name, node.name, weight, startUs);
    return;
  }
  const attributes = { ...messaging(topic.topic, 'process', uuid(random), random.below(topic.topic.partitions), node.name), ...(messages.length > 1 && { 'messaging.batch.message_count': messages.length }) } as Record<string, string | number>;
  const isBatch = group.batch > 1;
  const { endUs } = engine.serve(request, node, instance, operation, {
    startUs,
    parentSpanId: isBatch ? '' : messages[0]!.spanId,
    kind: KIND.consumer,
    clientIp: '',
    attributes,
    ...(isBatch && { links: messages.map(({ traceId, spanId }) => ({ traceId, spanId })) }),
  });
  group.freeUs = Math.max(group.freeUs, sentUs) + ((endUs - startUs) * request.weight) / (node.instances.length * CONCURRENCY);
  engine.meter.taken(topic.name, node.name, weight, startUs);
}
