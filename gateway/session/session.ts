import type { CloseReason } from '../../core/audit/event.ts';
import type { Principal } from '../../core/model/principal.ts';
import type { Access } from './access.ts';

/** A client connection, as a session sees it. */
export interface SessionConnection {
  readonly id: number;
  /** Access may have changed: look again at what is in flight and cut what lost its right. Synchronous. */
  recheck(): void;
  /** Ends at once, nothing more handed to the kernel. */
  cut(reason: CloseReason): void;
}

/** One principal's connections to one cluster, under one broker credential. */
export class Session {
  readonly id: string;
  readonly principal: Principal;
  readonly cluster: string;
  readonly access: Access;
  readonly openedAt: number;
  readonly connections = new Set<SessionConnection>();

  constructor(id: string, access: Access, openedAt: number) {
    this.id = id;
    this.principal = access.principal;
    this.cluster = access.cluster;
    this.access = access;
    this.openedAt = openedAt;
  }
}
