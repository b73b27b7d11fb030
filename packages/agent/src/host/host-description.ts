import { arch, release, type as osType } from 'node:os';
import type { HostFiles } from './file-reader.ts';
import { parseOsRelease } from './proc-files.ts';

/** Node's names of architectures as the semantic conventions write them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm32', ia32: 'x86', ppc64: 'ppc64', s390x: 's390x' };

/** What the machine is, under the labels of target_info; what is not known is left out. */
export function describeHost(files: HostFiles, os: NodeJS.Platform): Readonly<Record<string, string>> {
  const osRelease = os === 'linux' ? parseOsRelease(files.readFile('/etc/os-release') ?? '') : new Map<string, string>();
  const labels: Readonly<Record<string, string | undefined>> = {
    host_arch: ARCHITECTURES[arch()] ?? arch(),
    host_id: files.readFile('/etc/machine-id')?.trim(),
    os_type: os === 'win32' ? 'windows' : os,
    os_name: osRelease.get('NAME') ?? osType(),
    os_version: osRelease.get('VERSION_ID') ?? release(),
    os_description: `${osRelease.get('PRETTY_NAME') ?? osType()} (${osType()} ${release()})`,
  };
  return Object.fromEntries(Object.entries(labels).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
