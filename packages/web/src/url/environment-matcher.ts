const ENVIRONMENT_LABEL = 'deployment_environment_name';

/** A PromQL string literal. */
export const quote = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

/** A label matcher for the environment; empty where none is chosen. */
export const environmentMatcher = (environment: string | undefined): string =>
  environment === undefined ? '' : `${ENVIRONMENT_LABEL}=${quote(environment)}`;

/** `selector('up', 'job="api"', '')` → `up{job="api"}`. */
export function selector(metric: string, ...matchers: readonly string[]): string {
  const present = matchers.filter((matcher) => matcher !== '');
  return present.length === 0 ? metric : `${metric}{${present.join(',')}}`;
}
