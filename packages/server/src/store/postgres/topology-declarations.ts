import { eq } from 'drizzle-orm';
import type { Postgres } from './postgres.ts';
import { topologyDeclarations } from './schema.ts';

/** A workload with the host names it answers to. */
interface StoredService {
  readonly name: string;
  readonly namespace: string;
  readonly hosts: readonly string[];
}

/** A call, by the names of its ends. */
interface StoredCall {
  readonly from: string;
  readonly to: string;
  /** `host:port`, without credentials. */
  readonly address: string;
  readonly protocol: string;
  /** Where it stands. */
  readonly detail: string;
}

export interface StoredDeclaration {
  readonly source: string;
  readonly updatedMs: number;
  readonly services: readonly StoredService[];
  readonly edges: readonly StoredCall[];
}

/** Declared calls in PostgreSQL, each source's as a whole. */
export class DeclarationTable {
  readonly #db: Postgres['db'];

  constructor({ db }: Postgres) {
    this.#db = db;
  }

  /** By name. */
  async list(): Promise<StoredDeclaration[]> {
    const rows = await this.#db.select().from(topologyDeclarations).orderBy(topologyDeclarations.source);
    return rows.map(({ source, services, edges, updatedAt }) => ({ source, services: services as StoredService[], edges: edges as StoredCall[], updatedMs: updatedAt.getTime() }));
  }

  /** Replaces what the source declared before. */
  async replace({ source, services, edges, updatedMs }: StoredDeclaration): Promise<void> {
    const values = { services, edges, updatedAt: new Date(updatedMs) };
    await this.#db
      .insert(topologyDeclarations)
      .values({ source, ...values })
      .onConflictDoUpdate({ target: topologyDeclarations.source, set: values });
  }

  /** Answers false where the source declared nothing. */
  async remove(source: string): Promise<boolean> {
    const removed = await this.#db.delete(topologyDeclarations).where(eq(topologyDeclarations.source, source)).returning({ source: topologyDeclarations.source });
    return removed.length > 0;
  }
}
