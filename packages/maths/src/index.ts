export { fisherGreater } from './fisher.ts';
export { holmCorrected } from './holm.ts';
export { riskRatioLowerEnd, shareDifferenceLowerEnd, type ShareTable } from './shares.ts';
