/** What every service says of calls that fail, whatever the call. */
export const CALL_LINES = {
  retry: 'attempt {attempt} at {target} failed ({error}), next in {wait} ms',
  without: 'going on without {target}: {reason}',
  failed: '{operation} failed with {status}: {reason}',
} as const;

/** Puts values in; a name that is not given stays as it is. */
export function fillCallLine(line: string, values: Readonly<Record<string, string | number>>): string {
  return line.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
