import type { Source } from '@pitot/core';
import type { QueryAnswer } from '../../api/prometheus.ts';
import { countOf, listOf } from '../../time/phrase.ts';
import type { Recipe } from './recipes.ts';

export interface Arrival {
  /** `live`: data came in the last minutes; `earlier`: it did once; `waiting`: never since the start. */
  readonly state: 'live' | 'earlier' | 'waiting';
  readonly text: string;
  readonly lastMs: number | undefined;
}

/** Language of the OpenTelemetry SDK by service, as far as the services say. */
export type Languages = ReadonlyMap<string, string>;

/** Asks each service for its SDK's language. */
export const LANGUAGES_EXPRESSION = 'group by (job, telemetry_sdk_language) (target_info{telemetry_sdk_language!=""})';

export function languagesOf(answer: QueryAnswer | undefined): Languages {
  if (answer?.data.resultType !== 'vector') return new Map();
  return new Map(answer.data.result.map(({ metric }) => [metric['job'] ?? '', metric['telemetry_sdk_language'] ?? '']));
}

const LIVE_MS = 2 * 60_000;

/** What has arrived the way a recipe sends, and from whom. A service that does not say its language counts for every OpenTelemetry recipe. */
export function arrivalOf(recipe: Pick<Recipe, 'receivers' | 'language'>, sources: readonly Source[], languages: Languages, nowMs: number): Arrival {
  const mine = sources.filter((source) => recipe.receivers.includes(source.receiver) && speaks(recipe, source, languages));
  if (mine.length === 0) return { state: 'waiting', text: 'Waiting for the first data', lastMs: undefined };
  const lastMs = Math.max(...mine.map((source) => Date.parse(source.last_received)));
  const total = (read: (source: Source) => number | undefined): number => mine.reduce((sum, source) => sum + (read(source) ?? 0), 0);
  const counts = [
    { count: total((source) => source.samples_total), word: 'sample' },
    { count: total((source) => source.logs_total), word: 'log record' },
    { count: total((source) => source.spans_total), word: 'span' },
  ].filter(({ count }) => count > 0);
  const services = [...new Set(mine.toSorted((a, b) => Date.parse(b.last_received) - Date.parse(a.last_received)).map((source) => source.service))];
  const what = counts.length === 0 ? countOf(0, 'sample') : listOf(counts.map(({ count, word }) => countOf(count, word)));
  const text = `${what} from ${listOf(services)}`;
  return { state: nowMs - lastMs < LIVE_MS ? 'live' : 'earlier', text, lastMs };
}

function speaks(recipe: Pick<Recipe, 'language'>, source: Source, languages: Languages): boolean {
  if (recipe.language === undefined) return true;
  // `job` is "namespace/name" where the service has a namespace.
  const language = languages.get(source.service);
  return language === undefined || language === recipe.language;
}
