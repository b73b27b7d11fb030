/**
 * DESIGN: data flows right, imports point left.
 * Each room lists what it may import; everything else inside the repository is forbidden.
 */
const SERVER = 'packages/server/src';
const CORE = '^packages/core/';
const room = (name) => `^${SERVER}/${name}/`;

/** @type {Record<string, string[]>} from → what it may import besides itself */
const MAY_IMPORT = {
  '^packages/core/': [],
  '^packages/maths/': [],
  '^packages/promql/': [CORE, '^packages/maths/'],
  // The machine the server runs on is looked at by the agent's own code (ADR 6).
  [room('collect')]: [CORE, '^packages/agent/src/host/'],
  [room('receive')]: [CORE],
  [room('ingest')]: [CORE],
  [room('store')]: [CORE],
  [room('query')]: [CORE, '^packages/maths/', '^packages/promql/', room('store')],
  [room('analyze')]: [CORE, '^packages/maths/', room('query')],
  [room('act')]: [CORE, room('store'), room('query'), room('analyze')],
  [room('serve')]: [CORE, room('store'), room('query'), room('analyze'), room('act')],
  [room('app')]: [CORE, '^packages/maths/', '^packages/promql/', `^${SERVER}/`],
  '^packages/web/': [CORE, '^packages/promql/src/(parser|syntax|ast)'],
  '^packages/(agent|simulator)/': [CORE, '^packages/maths/'],
};

/** What only tests use may reach the neighbour it is tested against; product code may not. */
const TESTS = '\\.bench\\.ts$|/fixtures/|/conformance\\.ts$|/contract\\.ts$';

const directions = Object.entries(MAY_IMPORT).map(([from, allowed]) => ({
  name: `directions ${from.replaceAll(/[\^\\]|packages\/|src\//g, '')}`,
  comment: `May import only itself${allowed.length > 0 ? ` and ${allowed.join(', ')}` : ''}.`,
  severity: 'error',
  from: { path: from, pathNot: TESTS },
  to: { path: '^(packages|scripts|bench|e2e)/', pathNot: ['node_modules', from, ...allowed] },
}));

const siblings = ['receive', 'collect'].map((name) => ({
  name: `no sibling plugins in ${name}`,
  comment: 'A plugin is one folder and one line; what two of them share lives beside them, in the room.',
  severity: 'error',
  from: { path: `^${SERVER}/${name}/([^/]+)/`, pathNot: TESTS },
  to: { path: `^${SERVER}/${name}/[^/]+/`, pathNot: `^${SERVER}/${name}/$1/` },
}));

export default {
  forbidden: [
    ...directions,
    ...siblings,
    {
      name: 'database clients only in store',
      comment: 'Ask the store for what you need; it is the only room with a database client.',
      severity: 'error',
      from: { path: '^packages/', pathNot: `${room('store')}|${TESTS}` },
      to: { path: 'node_modules/(chdb|@clickhouse|pg|@electric-sql)/' },
    },
    { name: 'no cycles', severity: 'error', from: { path: '^packages/' }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 exports no compiler API; without swc the cruiser sees no TypeScript at all.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    // The cruiser's parser does not know `await using`, which tests like; they may import what they test anyway.
    exclude: { path: '(^|/)dist/|\\.test\\.tsx?$' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
