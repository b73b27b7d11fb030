import type { ValueType } from './ast.ts';

export interface FunctionSignature {
  readonly name: string;
  readonly args: readonly ValueType[];
  /** How many arguments may be missing or repeated at the end: 0 none, n > 0 at most n of the last type, -1 any number. */
  readonly variadic: number;
  readonly returns: ValueType;
  readonly experimental: boolean;
}

const signatures = new Map<string, FunctionSignature>();

function define(
  names: string,
  args: readonly ValueType[],
  returns: ValueType,
  options: { variadic?: number; experimental?: boolean } = {},
): void {
  for (const name of names.split(' ')) {
    const { variadic = 0, experimental = false } = options;
    signatures.set(name, { name, args, variadic, returns, experimental });
  }
}

define('abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn', ['vector'], 'vector');
define('sin sinh sort sort_desc sqrt tan tanh timestamp', ['vector'], 'vector');
define('histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar', ['vector'], 'vector');
define('start_timestamp', ['vector'], 'vector', { experimental: true });
define('absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate', ['matrix'], 'vector');
define('last_over_time max_over_time min_over_time present_over_time rate resets', ['matrix'], 'vector');
define('stddev_over_time stdvar_over_time sum_over_time', ['matrix'], 'vector');
define('first_over_time mad_over_time ts_of_first_over_time ts_of_last_over_time', ['matrix'], 'vector', { experimental: true });
define('ts_of_max_over_time ts_of_min_over_time', ['matrix'], 'vector', { experimental: true });
define('days_in_month day_of_month day_of_week day_of_year hour minute month year', ['vector'], 'vector', { variadic: 1 });
define('clamp', ['vector', 'scalar', 'scalar'], 'vector');
define('clamp_max clamp_min', ['vector', 'scalar'], 'vector');
define('round', ['vector', 'scalar'], 'vector', { variadic: 1 });
define('double_exponential_smoothing', ['matrix', 'scalar', 'scalar'], 'vector', { experimental: true });
define('histogram_fraction', ['scalar', 'scalar', 'vector'], 'vector');
define('histogram_quantile', ['scalar', 'vector'], 'vector');
define('histogram_quantiles', ['vector', 'string', 'scalar', 'scalar'], 'vector', { variadic: 9, experimental: true });
define('info', ['vector', 'vector'], 'vector', { variadic: 1, experimental: true });
define('label_replace', ['vector', 'string', 'string', 'string', 'string'], 'vector');
define('label_join', ['vector', 'string', 'string', 'string'], 'vector', { variadic: -1 });
define('sort_by_label sort_by_label_desc', ['vector', 'string'], 'vector', { variadic: -1, experimental: true });
define('predict_linear', ['matrix', 'scalar'], 'vector');
define('quantile_over_time', ['scalar', 'matrix'], 'vector');
define('pi time', [], 'scalar');
define('start end range step', [], 'scalar', { experimental: true });
define('max_of min_of', ['scalar', 'scalar'], 'scalar', { experimental: true });
define('scalar', ['vector'], 'scalar');
define('vector', ['scalar'], 'vector');

export function functionSignature(name: string): FunctionSignature | undefined {
  return signatures.get(name);
}

/** Every function of the language, for completion and documentation. */
export function functionSignatures(): readonly FunctionSignature[] {
  return [...signatures.values()];
}
