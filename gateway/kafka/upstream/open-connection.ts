/** Dial and login in one step, for the connections that the gateway uses itself. */
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../../../core/clock/clock.ts';
import { BrokerConnection } from './broker-connection.ts';
import { type Address, dial } from './dial.ts';
import { type BrokerCredential, saslLogin } from './sasl-login.ts';

/** Everything that a ready connection needs. */
export interface OpenOptions {
  readonly clock: Clock;
  readonly address: Address;
  readonly clientId: string;
  /** Milliseconds for each step: the connection, and every answer. */
  readonly timeoutMs: number;
  readonly tls?: ConnectionOptions | undefined;
  /** Undefined for a listener without SASL. */
  readonly credential?: BrokerCredential | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A connection that is ready for requests; on any error nothing stays open. */
export async function openConnection(options: OpenOptions): Promise<BrokerConnection> {
  const connection = new BrokerConnection(await dial(options.address, options), options);
  try {
    if (options.credential) connection.sessionLifetimeMs = (await saslLogin(connection, options.credential)).lifetimeMs;
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
