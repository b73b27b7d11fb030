/**
 * OpenTelemetry names to Prometheus names, as Prometheus' OTLP endpoint does with UnderscoreEscapingWithSuffixes.
 * Source of the rules and tables: github.com/prometheus/otlptranslator, metric_namer.go, unit_namer.go and label_namer.go.
 */
export type MetricKind = 'gauge' | 'counter' | 'updown' | 'histogram' | 'summary';

const UNITS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  // The word Prometheus 3 uses for tebibytes.
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '1': '',
  '%': 'percent',
};

const PER_UNITS: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

/** The Prometheus name of a metric; '' where nothing of the name is left. */
export function metricName(name: string, unit: string, kind: MetricKind): string {
  let tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  const [main, per] = unitSuffixes(unit);
  const perToken = per === '' || tokens.includes(per) ? '' : per;
  let mainToken = tokens.includes(main) ? '' : main;
  if (perToken !== '') mainToken = mainToken.replace(/_$/, '');
  if (mainToken !== '') tokens.push(mainToken);
  if (perToken !== '') tokens.push(perToken);
  if (kind === 'counter') tokens = [...tokens.filter((token) => token !== 'total'), 'total'];
  if (unit === '1' && kind === 'gauge') tokens = [...tokens.filter((token) => token !== 'ratio'), 'ratio'];
  const joined = tokens.join('_');
  if (/^_*$/.test(joined)) return '';
  return /^[0-9]/.test(joined) ? `_${joined}` : joined;
}

/** The unit in words, as it stands in metadata: `By/s` is `bytes_per_second`. */
export function unitName(unit: string): string {
  return unitSuffixes(unit)
    .filter((part) => part !== '')
    .join('_')
    .replace(/^_|_$/g, '');
}

/** The main part and the `per_…` part; '' where there is none. Units in braces are annotations and dropped. */
function unitSuffixes(unit: string): [main: string, per: string] {
  const slash = unit.indexOf('/');
  const mainUnit = (slash < 0 ? unit : unit.slice(0, slash)).trim();
  const perUnit = slash < 0 ? '' : unit.slice(slash + 1).trim();
  const main = /[{}]/.test(mainUnit) ? '' : (own(UNITS, mainUnit) ?? mainUnit);
  const perWord = /[{}]/.test(perUnit) ? '' : (own(PER_UNITS, perUnit) ?? perUnit);
  const per = perWord === '' ? '' : cleanUnit(`per_${perWord}`).replace(/_$/, '');
  return [cleanUnit(main), per === 'per' ? '' : per];
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function cleanUnit(unit: string): string {
  return unit
    .replace(/[^a-zA-Z0-9:]/gu, '_')
    .replace(/__+/g, '_')
    .replace(/^_/, '');
}

/** The Prometheus name of an attribute; '' where nothing of it is left. */
export function labelName(name: string): string {
  const escaped = name.replace(/[^a-zA-Z0-9_]/gu, '_');
  if (escaped !== name && /^_*$/.test(escaped)) return '';
  if (/^[0-9]/.test(escaped)) return `key_${escaped}`;
  if (escaped.startsWith('_') && !escaped.startsWith('__')) return `key${escaped}`;
  return escaped;
}
