import { useSearch } from '@tanstack/react-router';
import { environmentMatcher } from '../url/environment-matcher.ts';

/** The environment chosen in the header, and the matcher that limits a selector to it (empty for all). */
export function useEnvironment(): { readonly environment: string | undefined; readonly matcher: string } {
  const { env } = useSearch({ strict: false });
  return { environment: env, matcher: environmentMatcher(env) };
}
