const MOST = 12;
const PREFIX = 'pitot-searches-';

/** Searches run before in this browser, newest first. `scope` keeps those of different pages apart. */
export function recentSearches(scope: string): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PREFIX + scope) ?? '[]');
    return Array.isArray(kept) ? kept.filter((item) => typeof item === 'string').slice(0, MOST) : [];
  } catch {
    // Storage may be forbidden, or hold what another version wrote.
    return [];
  }
}

export function rememberSearch(scope: string, query: string): void {
  const text = query.trim();
  if (text === '') return;
  try {
    localStorage.setItem(PREFIX + scope, JSON.stringify([text, ...recentSearches(scope).filter((other) => other !== text)].slice(0, MOST)));
  } catch {
    // Without storage there is no history.
  }
}
