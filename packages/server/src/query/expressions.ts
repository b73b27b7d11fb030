import type { LabelMatcher } from '@pitot/core';
export type Expression = unknown;
export function parseExpression(_q: string): Expression { return 0; }
export function formatExpression(_e: Expression): string { return ''; }
export function expressionTree(_e: Expression): unknown { return 0; }
export function expressionSelectors(_e: Expression): LabelMatcher[][] { return []; }
export function parseSelector(_t: string): LabelMatcher[] { return []; }
export function matchesLabels(_l: readonly string[], _m: readonly LabelMatcher[]): boolean { return true; }
