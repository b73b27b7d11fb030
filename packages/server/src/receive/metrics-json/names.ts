/** A valid Prometheus metric name: other characters become `_`, and so does nothing at all. */
export function metricNameOf(text: string): string {
  const name = text.replace(/[^a-zA-Z0-9_:]/gu, '_');
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

/** A valid label name, or '' where nothing is left; names that Prometheus keeps for itself (`__…`) lose their first underscores. */
export function labelNameOf(text: string): string {
  const name = text.replace(/[^a-zA-Z0-9_]/gu, '_').replace(/^__+/, '');
  return /^[0-9]/.test(name) ? `_${name}` : name;
}
