import { sayAge, sayInstant, sayUtc } from '../time/phrase.ts';
import { useNow } from '../time/time-window.tsx';

/** How old something is; the instant in the viewer's zone and in UTC on hover. */
export function Age({ of: ms, prefix = '' }: { readonly of: number; readonly prefix?: string }) {
  const nowMs = useNow();
  return (
    <time dateTime={new Date(ms).toISOString()} title={`${sayInstant(ms)}\n${sayUtc(ms)}`}>
      {prefix}
      {sayAge(ms, nowMs)}
    </time>
  );
}
