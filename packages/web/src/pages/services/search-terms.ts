/** A value as the search language of logs and traces reads it whole. */
const termValue = (value: string): string => (/^[\w.-]+$/.test(value) ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);

/** Searches of logs and traces about one service. */
export const serviceTerm = (service: string): string => `service:${termValue(service)}`;
export const failedTerm = (service: string): string => `${serviceTerm(service)} status:error`;
export const servedTerm = (service: string): string => `${serviceTerm(service)} kind:(server OR consumer)`;
export const patternTerm = (service: string, pattern: string): string => `${serviceTerm(service)} pattern:${termValue(pattern)}`;
export const operationTerm = (service: string, operation: string): string => `${serviceTerm(service)} operation:${termValue(operation)}`;
/** Calls of other services to what has no spans of its own. */
export const peerTerm = (name: string): string => `peer:${termValue(name)}`;
