import { mappingAt, mappings, textOf, textsOf, type Mapping } from './manifest-documents.ts';

/** A pod template with what its containers are told. */
export interface Workload {
  readonly kind: string;
  /** The service's name: as its telemetry will name it where the manifest says so, else the workload's. */
  readonly name: string;
  readonly workload: string;
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly settings: readonly Setting[];
}

/** One value that may hold an address. */
export interface Setting {
  /** `env CART_ADDR`, `args`, `config cart.properties`. */
  readonly place: string;
  readonly name: string;
  readonly value: string;
  /** value: the whole text is one value; text: an address may stand anywhere in it. */
  readonly form: 'value' | 'text';
}

type ConfigMaps = ReadonlyMap<string, ReadonlyMap<string, string>>;

const POD_TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Rollout: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  Pod: [],
};
const SERVICE_NAME_ANNOTATION = 'resource.opentelemetry.io/service.name';
const MOST_SETTING_LENGTH = 64 * 1024;

/** The workloads among manifests. Secrets are not looked at. */
export function workloadsOf(documents: readonly Mapping[]): Workload[] {
  const configMaps = configMapsOf(documents);
  return documents.flatMap((document) => {
    const path = POD_TEMPLATES[textOf(document['kind'])];
    const metadata = mappingAt(document, 'metadata');
    const workload = textOf(metadata['name']) || textOf(metadata['generateName']).replace(/-$/, '');
    return path === undefined || workload === '' ? [] : [readWorkload(document, path, workload, configMaps)];
  });
}

export function namespaceOf(document: Mapping): string {
  return textOf(mappingAt(document, 'metadata')['namespace']);
}

function readWorkload(document: Mapping, path: readonly string[], workload: string, configMaps: ConfigMaps): Workload {
  const template = mappingAt(document, ...path);
  const spec = mappingAt(template, 'spec');
  const namespace = namespaceOf(document);
  const containers = [...mappings(spec['initContainers']), ...mappings(spec['containers'])];
  const config = (name: string) => configMaps.get(configKey(namespace, name)) ?? new Map<string, string>();
  const settings = [...containers.flatMap((container) => containerSettings(container, config)), ...mountedSettings(spec, config)];
  const annotated = textOf(mappingAt(template, 'metadata', 'annotations')[SERVICE_NAME_ANNOTATION]);
  return {
    kind: textOf(document['kind']),
    name: telemetryName(settings) || annotated || workload,
    workload,
    namespace,
    labels: textsOf(mappingAt(template, 'metadata', 'labels')),
    settings: settings.filter(({ value }) => value !== '' && value.length <= MOST_SETTING_LENGTH),
  };
}

function telemetryName(settings: readonly Setting[]): string {
  const valueOf = (name: string) => settings.findLast((setting) => setting.place.startsWith('env ') && setting.name === name)?.value ?? '';
  return valueOf('OTEL_SERVICE_NAME') || (/(?:^|,)\s*service\.name=([^,]{1,200})/.exec(valueOf('OTEL_RESOURCE_ATTRIBUTES'))?.[1]?.trim() ?? '');
}

/** Values as the container sees them: `$(NAME)` stands for what was named before it. What stays unknown calls nobody. */
function containerSettings(container: Mapping, config: (name: string) => ReadonlyMap<string, string>): Setting[] {
  const known = new Map<string, string>();
  for (const from of mappings(container['envFrom'])) {
    const prefix = textOf(from['prefix']);
    for (const [name, value] of config(textOf(mappingAt(from, 'configMapRef')['name']))) known.set(prefix + name, value);
  }
  for (const variable of mappings(container['env'])) {
    const name = textOf(variable['name']);
    const reference = mappingAt(variable, 'valueFrom', 'configMapKeyRef');
    const value = 'value' in variable ? expanded(textOf(variable['value']), known) : (config(textOf(reference['name'])).get(textOf(reference['key'])) ?? '');
    if (name !== '') known.set(name, value);
  }
  const environment = [...known].map(([name, value]): Setting => ({ place: `env ${name}`, name, value, form: 'value' }));
  const words = [container['command'], container['args']].flatMap((list) => (Array.isArray(list) ? list.map(textOf) : []));
  return [...environment, ...argumentSettings(words.map((word) => expanded(word, known)))];
}

/** `--cart-addr=cart:7070`, `--cart-addr cart:7070`, and scripts, whose URLs count. */
function argumentSettings(words: readonly string[]): Setting[] {
  return words.map((word, i): Setting => {
    const [, flag, value] = /^-{1,2}([\w.-]{1,100})=(.*)$/s.exec(word) ?? [];
    if (flag !== undefined) return { place: `args --${flag}`, name: flag, value: value!, form: 'value' };
    const [, before] = /^-{1,2}([\w.-]{1,100})$/.exec(words[i - 1] ?? '') ?? [];
    if (before !== undefined && !/\s/.test(word)) return { place: `args --${before}`, name: before, value: word, form: 'value' };
    return { place: 'args', name: '', value: word, form: 'text' };
  });
}

/** Files that ConfigMaps put into the pod. */
function mountedSettings(spec: Mapping, config: (name: string) => ReadonlyMap<string, string>): Setting[] {
  return mappings(spec['volumes']).flatMap((volume) => {
    const name = textOf(mappingAt(volume, 'configMap')['name']);
    return [...config(name)].map(([key, value]): Setting => ({ place: `config ${name}/${key}`, name: key, value, form: 'text' }));
  });
}

function expanded(value: string, known: ReadonlyMap<string, string>): string {
  return value.length > MOST_SETTING_LENGTH ? '' : value.replaceAll(/\$\(([A-Za-z_][\w.-]{0,100})\)/g, (whole, name: string) => known.get(name)?.slice(0, 1000) ?? whole);
}

function configMapsOf(documents: readonly Mapping[]): ConfigMaps {
  return new Map(
    documents
      .filter((document) => document['kind'] === 'ConfigMap')
      .map((document) => [configKey(namespaceOf(document), textOf(mappingAt(document, 'metadata')['name'])), textsOf(document['data'])]),
  );
}

function configKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
