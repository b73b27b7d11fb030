import { hostCollector } from './host/collector.ts';
import { scrapeCollector } from './scrape/collector.ts';

/** Every collector there is. A new one is a folder beside this file, and a line here. */
export const COLLECTORS = [hostCollector, scrapeCollector] as const;
