import { parser } from '@prometheus-io/lezer-promql';

/**
 * Adds a label matcher to every selector of an expression that does not name that label itself. Works on the parse tree, so
 * strings, functions and groupings are never touched; an expression that does not parse is left as it is.
 */
export function withMatcher(expression: string, matcher: string): string {
  if (matcher === '') return expression;
  const label = matcher.slice(0, matcher.search(/[=!]/));
  const inserts: { readonly at: number; readonly text: string }[] = [];
  let broken = false;
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError) broken = true;
      if (node.name !== 'VectorSelector') return;
      const braces = node.node.getChild('LabelMatchers');
      if (braces === null) {
        inserts.push({ at: node.to, text: `{${matcher}}` });
        return;
      }
      const inner = expression.slice(braces.from + 1, braces.to - 1);
      if (new RegExp(`(^|,)\\s*${label}\\s*[=!]`).test(inner)) return;
      const comma = inner.trim() === '' || inner.trimEnd().endsWith(',') ? '' : ',';
      inserts.push({ at: braces.to - 1, text: comma + matcher });
    },
  });
  if (broken) return expression;
  return inserts.sort((a, b) => b.at - a.at).reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), expression);
}
