import { aggregateTakesParam, isComparison, isSetOp, valueType, type BinaryExpr, type CallExpr, type Expr, type ValueType, type VectorSelector } from './ast.ts';
import { parseError } from './lexer.ts';
import { quote } from './literals.ts';
import { compileMatcher } from './matchers.ts';

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  string: 'string',
  vector: 'instant vector',
  matrix: 'range vector',
};

/** Checks operand and argument types as Prometheus does; throws `bad_query` at the first that does not fit. */
export function checkTypes(query: string, expr: Expr): void {
  new Checker(query).check(expr);
}

class Checker {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  #fail(expr: Expr, message: string): never {
    throw parseError(this.#query, expr.position.start, message);
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case 'aggregate':
        this.#expect(expr.expr, 'vector', 'aggregation expression');
        if (expr.param && aggregateTakesParam(expr.op)) {
          this.#expect(expr.param, expr.op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
        }
        break;
      case 'binary':
        this.#binary(expr);
        break;
      case 'call':
        this.#call(expr);
        break;
      case 'unary': {
        const type = this.check(expr.expr);
        if (type !== 'scalar' && type !== 'vector') {
          this.#fail(expr, `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(DOCUMENTED[type])}`);
        }
        break;
      }
      case 'subquery': {
        const type = this.check(expr.expr);
        if (type !== 'vector') this.#fail(expr, `subquery is only allowed on instant vector, got ${type} instead`);
        break;
      }
      case 'matrix':
        this.#selector(expr.selector);
        break;
      case 'selector':
        this.#selector(expr);
        break;
      case 'paren':
      case 'step-invariant':
        this.check(expr.expr);
        break;
      default:
        break;
    }
    return valueType(expr);
  }

  #expect(expr: Expr, want: ValueType, context: string): void {
    const got = this.check(expr);
    if (got !== want) this.#fail(expr, `expected type ${DOCUMENTED[want]} in ${context}, got ${DOCUMENTED[got]}`);
  }

  #selector(selector: VectorSelector): void {
    for (const matcher of selector.matchers) {
      if (matcher.type === '=~' || matcher.type === '!~') this.#compiles(selector, matcher.value, () => compileMatcher(matcher));
    }
    if (selector.name !== '') return;
    if (!selector.matchers.some((matcher) => !compileMatcher(matcher)(''))) {
      this.#fail(selector, 'vector selector must contain at least one non-empty matcher');
    }
  }

  #compiles(expr: Expr, pattern: string, compile: () => unknown): void {
    try {
      compile();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(expr, reason.startsWith('error parsing regexp') ? reason : `error parsing regexp ${quote(pattern)}: ${reason}`);
    }
  }

  #binary(expr: BinaryExpr): void {
    const left = this.check(expr.lhs);
    const right = this.check(expr.rhs);
    const at = (message: string): never => {
      const gap = this.#query.slice(expr.lhs.position.end);
      throw parseError(this.#query, expr.lhs.position.end + (gap.length - gap.trimStart().length), message);
    };
    if (expr.returnBool && !isComparison(expr.op)) at('bool modifier can only be used on comparison operators');
    if (isComparison(expr.op) && !expr.returnBool && left === 'scalar' && right === 'scalar') {
      at('comparisons between scalars must use BOOL modifier');
    }
    const matching = expr.matching;
    const twice = matching?.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
    if (twice !== undefined) at(`label ${quote(twice)} must not occur in ON and GROUP clause at once`);
    for (const side of [expr.lhs, expr.rhs]) {
      const type = valueType(side);
      if (type !== 'scalar' && type !== 'vector') this.#fail(side, 'binary expression must contain only scalar and instant vector types');
    }
    const fills = matching?.fillLeft !== undefined || matching?.fillRight !== undefined;
    if (left === 'vector' && right === 'vector') {
      if (isSetOp(expr.op) && matching?.cardinality !== 'many-to-many') this.#fail(expr, `no grouping allowed for ${quote(expr.op)} operation`);
      if (isSetOp(expr.op) && fills) this.#fail(expr, 'filling in missing series not allowed for set operators');
      return;
    }
    if ((matching?.labels.length ?? 0) > 0) this.#fail(expr, 'vector matching only allowed between instant vectors');
    if (fills) this.#fail(expr, 'filling in missing series only allowed between instant vectors');
    if (isSetOp(expr.op)) this.#fail(expr, `set operator ${quote(expr.op)} not allowed in binary scalar expression`);
    if ((expr.op === '</' || expr.op === '>/') && left === 'scalar' && right === 'scalar') {
      at(`operator ${quote(expr.op)} not allowed for Scalar operations`);
    }
  }

  #call(expr: CallExpr): void {
    const { name, args: types, variadic } = expr.func;
    const given = expr.args.length;
    const fewest = types.length - 1;
    if (variadic === 0 && given !== types.length) this.#fail(expr, `expected ${types.length} argument(s) in call to "${name}", got ${given}`);
    if (variadic !== 0 && given < fewest) this.#fail(expr, `expected at least ${fewest} argument(s) in call to "${name}", got ${given}`);
    if (variadic > 0 && given > fewest + variadic) {
      this.#fail(expr, `expected at most ${fewest + variadic} argument(s) in call to "${name}", got ${given}`);
    }
    const selector = name === 'info' ? expr.args[1] : undefined;
    expr.args.forEach((arg, i) => {
      const want = types[Math.min(i, types.length - 1)]!;
      if (arg === selector) this.#labelSelector(arg);
      else if (this.check(arg) !== want) {
        this.#fail(arg, `expected type ${DOCUMENTED[want]} in call to function "${name}", got ${DOCUMENTED[valueType(arg)]}`);
      }
    });
  }

  /** The second argument of info() only looks like a selector: it filters labels, so it may match everything. */
  #labelSelector(arg: Expr): void {
    const type = valueType(arg);
    if (type !== 'vector') this.#fail(arg, `expected type instant vector in call to function "info", got ${DOCUMENTED[type]}`);
    if (arg.kind !== 'selector') this.#fail(arg, 'expected label selectors only');
    if (arg.name !== '') this.#fail(arg, 'expected label selectors only, got vector selector instead');
  }
}
