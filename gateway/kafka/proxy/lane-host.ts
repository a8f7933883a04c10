import type { Link } from '../../net/link.ts';
import type { Session } from '../../session/session.ts';
import type { BrokerFeatures, FrameContext } from '../enforce/context.ts';
import type { Close } from '../enforce/enforcement.ts';
import type { ClientLink } from './client-link.ts';
import type { ConnectionWorld } from './connection-world.ts';
import type { Journal } from './journal.ts';

/** What the two directions of a client connection have in common. */
export interface LaneHost {
  readonly world: ConnectionWorld;
  readonly journal: Journal;
  readonly client: ClientLink;
  /** The broker's side; undefined until the first request that goes there. */
  readonly upstream: Link | undefined;
  readonly session: Session | undefined;
  readonly closed: boolean;
  context(session: Session, features: BrokerFeatures, clientId: string): FrameContext;
  /** Ends the connection because of what the client did. */
  close(close: Close): void;
  /** Ends it because something went wrong. */
  fail(error: unknown): void;
  /** Ends it without a word: nothing can be said now. */
  giveUp(): void;
  /** Answers were written, so that there may be room for more requests. */
  onAnswered(): void;
}
