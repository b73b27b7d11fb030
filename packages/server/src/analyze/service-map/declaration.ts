/** What somebody says about who calls whom, by addresses. Never holds credentials. */
export interface Declaration {
  /** Who declares, e.g. a repository. */
  readonly source: string;
  readonly services: readonly DeclaredService[];
  readonly edges: readonly DeclaredEdge[];
  /** What could not be understood, and why; at most 100. */
  readonly skipped: readonly string[];
}

/** A workload, and the names under which others reach it. */
export interface DeclaredService {
  readonly name: string;
  /** Kubernetes namespace; empty where there is none. */
  readonly namespace: string;
  /** Host names, lower case, without port: `cart`, `cart.shop.svc.cluster.local`. */
  readonly hosts: readonly string[];
}

export interface DeclaredEdge {
  /** Name of the calling service. */
  readonly from: string;
  /** Name of the called one: a declared service, or the host of the address. */
  readonly to: string;
  /** `host:port` as declared, without scheme, credentials and path; empty where none was given. */
  readonly address: string;
  /** Of the URL: `redis`, `postgresql`, `http`, …; empty where there was none. */
  readonly protocol: string;
  /** Where it stands, e.g. `Deployment/checkout env CART_ADDR`. */
  readonly detail: string;
}
