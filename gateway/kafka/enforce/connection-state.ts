import type { FetchSession } from './fetch-session.ts';
import { GroupMembers } from './group-members.ts';
import { OpenTransactions } from './open-transactions.ts';
import { ShareSessions } from './share-sessions.ts';

/**
 * What enforcements keep of one client connection from frame to frame; it goes when the connection goes. Nothing in it
 * holds bytes of a frame, since the buffer behind them is used again: strings and numbers only.
 */
export class ConnectionState {
  readonly groupMembers = new GroupMembers();
  readonly shareSessions = new ShareSessions();
  /** The fetch session (KIP-227) that the broker gave this connection; a connection to a broker needs one. */
  fetchSession: FetchSession | undefined;
  /** Transactions that the client has begun here. */
  readonly transactions = new OpenTransactions();
}
