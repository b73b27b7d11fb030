/**
 * A zod preprocessor that refuses keys Prometheus knows and Pitot does not, and says so, instead of "unknown key".
 * The value is the reason or what to use instead; '' where there is nothing more to say.
 */
export function unsupportedKeys(keys: Readonly<Record<string, string>>): (value: unknown, context: IssueSink) => unknown {
  return (value, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const rest: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      const reason = keys[key];
      if (reason === undefined) rest[key] = inner;
      else context.addIssue({ code: 'custom', path: [key], input: inner, message: `Prometheus' key "${key}" is not supported here${reason && `: ${reason}`}` });
    }
    return rest;
  };
}

interface IssueSink {
  addIssue(issue: { code: 'custom'; path: string[]; input: unknown; message: string }): void;
}
