export { Engine, type EngineOptions, type QueryOptions } from './engine.ts';
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
