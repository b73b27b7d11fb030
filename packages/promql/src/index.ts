export { Engine, type EngineOptions, type QueryOptions } from './engine.ts';
export * from './parser.ts';
export { compileMatcher, compileMatchers, compileRegex } from './matchers.ts';
export { MemoryReader } from './memory-reader.ts';
export { histogramToJson } from './histogram/histogram-json.ts';
export { formatHistogram } from './histogram/histogram-text.ts';
export { withStorageHints } from './histogram/histogram-reset.ts';
export { formatFloat } from './histogram/float-format.ts';
export type {
  MatrixSeries,
  MatrixValue,
  QueryResult,
  QueryStats,
  QueryValue,
  ScalarValue,
  StringValue,
  VectorSample,
  VectorValue,
} from './value.ts';
