const LEAST_PASSWORD = 12;

/** What keeps a password from being taken; undefined when nothing does. */
export function passwordProblem(password: string): string | undefined {
  return password.length < LEAST_PASSWORD ? `Use at least ${LEAST_PASSWORD} characters; these are ${password.length}.` : undefined;
}

/** The setup token in a fragment (`#token=…` or `#…`), which browsers send to no server. */
export function tokenFrom(fragment: string): string | undefined {
  const text = fragment.replace(/^#/, '');
  const named = new URLSearchParams(text).get('token');
  if (named !== null && named !== '') return named;
  return /^[\w-]{20,}$/.test(text) ? text : undefined;
}
