/**
 * Under which names nodes are reached. A service `cart`, a declared host `cart:8080` and `cart.shop.svc.cluster.local` are one node; so
 * is the peer 10.0.0.5:8080 once spans or sockets show whose it is.
 */
export class NodeNames {
  readonly #hosts = new Map<string, Set<string>>();
  readonly #addresses = new Map<string, Set<string>>();
  readonly #namespaces: (id: string) => string;

  /** `namespaceOf` answers the namespace of a node, empty where it is not known. */
  constructor(namespaceOf: (id: string) => string) {
    this.#namespaces = namespaceOf;
  }

  /** Whatever its port, the host is this node. */
  addHost(host: string, id: string): void {
    add(this.#hosts, plainHost(host), id);
  }

  addAddress(host: string, port: number, id: string): void {
    add(this.#addresses, `${plainHost(host)}:${port}`, id);
  }

  /**
   * Whom an address means. Several may share one (databases of one server, services of one host): then `preferred` decides, e.g. by whom
   * the caller calls already. Undefined where nobody is known under it, or more than one.
   */
  find(host: string, port: number, preferred: (id: string) => boolean = () => false): string | undefined {
    const plain = plainHost(host);
    const ids = this.#addresses.get(`${plain}:${port}`) ?? this.#hosts.get(plain) ?? this.#ofKubernetes(plain);
    if (ids === undefined) return undefined;
    const liked = ids.size === 1 ? [...ids] : [...ids].filter(preferred);
    return liked.length === 1 ? liked[0] : undefined;
  }

  /** `cart.shop` is the service cart where that is of the namespace shop or of none that is known. */
  #ofKubernetes(host: string): Set<string> | undefined {
    const [first = '', namespace = '', ...rest] = host.split('.');
    if (namespace === '') return undefined;
    if (rest.length > 0) return /-\d+$/.test(first) ? (this.#hosts.get(`${namespace}.${rest.join('.')}`) ?? this.#ofKubernetes(`${namespace}.${rest.join('.')}`)) : undefined;
    const ids = [...(this.#hosts.get(first) ?? [])].filter((id) => this.#namespaces(id) === namespace);
    return ids.length > 0 ? new Set(ids) : undefined;
  }

  /** As `find` of a full Kubernetes name, whose service may be of a namespace that nobody told. */
  findInCluster(host: string): string | undefined {
    if (!/\.svc(?:\.|$)/.test(host)) return undefined;
    const ids = [...(this.#hosts.get(host.split('.')[0]!.toLowerCase()) ?? [])].filter((id) => this.#namespaces(id) === '');
    return ids[0];
  }
}

/** Lower case, without the final dot and without what all names in a cluster share. */
function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/\.svc(?:\.cluster\.local)?$/, '');
}

function add(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key) ?? new Set();
  index.set(key, ids);
  ids.add(id);
}

/** Splits `host:port`, `[v6]:port` or a host alone, whose port is 0. */
export function splitAddress(address: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(address) ?? [];
  return { host: bracketed ?? plain ?? address, port: Number(port ?? 0) };
}
