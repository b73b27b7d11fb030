import type { RejectReason } from '@pitot/core';
import type { SpoolBlock } from '../spool/spool.ts';

/** What one request of logs or spans became. */
export interface DecodedSignals {
  /** To be made durable in one commit; empty where nothing is left to store. */
  readonly blocks: readonly SpoolBlock[];
  /** Rows in the blocks, and what rules dropped. */
  readonly accepted: number;
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** Accepted by service. */
  readonly services: ReadonlyMap<string, number>;
}

/** Counts while a request is decoded. */
export class SignalTally implements Pick<DecodedSignals, 'accepted' | 'rejected' | 'services'> {
  accepted = 0;
  readonly rejected = new Map<RejectReason, number>();
  readonly services = new Map<string, number>();

  accept(service: string, count: number): void {
    if (count === 0) return;
    this.accepted += count;
    this.services.set(service, (this.services.get(service) ?? 0) + count);
  }

  reject(reason: RejectReason): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }
}
