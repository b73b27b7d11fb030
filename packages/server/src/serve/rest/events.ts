import { AppError, EVENT_NAMES, type HealthAnswer, type SourcesAnswer } from '@pitot/core';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

type EventName = (typeof EVENT_NAMES)[number];

export interface EventSources {
  readonly sources: () => SourcesAnswer;
  readonly health: () => HealthAnswer | Promise<HealthAnswer>;
}

const LOOK_EVERY_MS = 1000;
/** Proxies close silent connections after a minute. */
const COMMENT_EVERY_LOOKS = 20;
const MOST_LISTENERS = 200;

/**
 * `GET /api/v1/events`: server-sent events with the present state at once, and again whenever it changes. One timer
 * looks for all listeners, and runs only while there are some.
 */
export function mountEvents(server: FastifyInstance, events: EventSources): void {
  const listeners = new Set<ServerResponse>();
  const last = new Map<EventName, string>();
  let timer: NodeJS.Timeout | undefined;
  let looks = 0;

  async function look(): Promise<void> {
    const state: Record<EventName, unknown> = { sources: changeable(events.sources()), health: await events.health() };
    let text = looks++ % COMMENT_EVERY_LOOKS === 0 ? ': still here\n\n' : '';
    for (const name of EVENT_NAMES) {
      const data = JSON.stringify(state[name]);
      if (last.get(name) === data) continue;
      last.set(name, data);
      text += format(name, name === 'sources' ? JSON.stringify(events.sources()) : data);
    }
    if (text !== '') for (const listener of listeners) listener.write(text);
  }

  function start(): void {
    timer ??= setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
  }
  function stopWhenAlone(): void {
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  server.addHook('preClose', (done) => {
    clearInterval(timer);
    for (const listener of listeners) listener.end();
    done();
  });
  server.route({
    method: 'GET',
    url: '/api/v1/events',
    config: { access: 'read' },
    compress: false,
    schema: {
      tags: ['pitot'],
      summary: `Server-sent events when something changes: ${EVENT_NAMES.join(', ')}.`,
      response: { 200: { description: 'A stream of events.', content: { 'text/event-stream': { schema: z.string() } } } },
    },
    handler: async (_request, reply) => {
      if (listeners.size >= MOST_LISTENERS) {
        throw new AppError('too_many_requests', `${MOST_LISTENERS} event streams are open already; close some pages`, { retryAfterSeconds: 30 });
      }
      const health = await events.health();
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      raw.write(format('sources', JSON.stringify(events.sources())) + format('health', JSON.stringify(health)));
      listeners.add(raw);
      start();
      raw.once('close', () => {
        listeners.delete(raw);
        stopWhenAlone();
      });
    },
  });
}

function format(name: EventName, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** Rates and totals move all the time; what is worth an event is who sends, and how many series. */
function changeable({ sources }: SourcesAnswer): unknown {
  return sources.map(({ receiver, service, active_series: series }) => [receiver, service, series]);
}
