import type { RestRoutes } from './routes.ts';

/** The questions that the REST routes of single subjects ask. */
export interface Questions {}

/** Every subject: one file beside this one, one line here. */
export function createSubjects(_questions: Questions): readonly RestRoutes[] {
  return [];
}
