/**
 * Something the server does again and again: one typed object, listed once in `app/jobs.ts`. A run that is still going on when the next
 * is due is not started twice. Errors are logged and counted; the next run tries again, so a run must be safe to repeat.
 */
export interface Job {
  /** Kebab case; a label of Pitot's own metrics. */
  readonly name: string;
  readonly summary: string;
  readonly intervalMs: number;
  run(signal: AbortSignal): Promise<void>;
}
