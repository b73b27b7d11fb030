/** Looking at a machine: used by the agent, and by the server for the machine it runs on. */
export { openHostFiles, type HostFiles } from './file-reader.ts';
export { createLinuxHost } from './linux-host.ts';
export { HOST_METADATA } from './metric-metadata.ts';
export { createPortableHost } from './portable-host.ts';
export { describeHost } from './host-description.ts';
export type { HostReader, SampleWriter } from './host-samples.ts';
