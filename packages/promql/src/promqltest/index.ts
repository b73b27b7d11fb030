export {
  memoryStore,
  runScript,
  type RunOptions,
  type ScriptFailure,
  type ScriptReport,
  type ScriptStore,
} from './script-runner.ts';
export type { LoadedPoint, LoadedSeries } from './script-load.ts';
