/**
 * The gateway's login at a broker: SaslHandshake, then SaslAuthenticate until the mechanism is done. The same exchange
 * on an open connection renews a session that has a lifetime.
 */
import { randomBytes } from 'node:crypto';
import { type ErrorDetails, UpstreamError } from '../../../core/errors/sluice-error.ts';
import { isTransient, KafkaError, kafkaErrorName } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { formatAddress } from './dial.ts';
import { checkServerFinal, clientFinal, clientFirst, type ScramMechanism } from './scram.ts';

/** What the gateway shows a broker. Never logged. */
export type BrokerCredential =
  | { readonly kind: 'scram'; readonly mechanism: ScramMechanism; readonly user: string; readonly password: string }
  | { readonly kind: 'plain'; readonly user: string; readonly password: string }
  | { readonly kind: 'oauthbearer'; readonly token: string };

/** What a broker says of a login that it accepted. */
export interface BrokerSession {
  /** Milliseconds until the broker wants a new login; undefined where it never does. */
  readonly lifetimeMs: number | undefined;
}

const handshakeVersion = 1;
const authenticateVersion = 2;

/** Rejects with UpstreamError('BrokerRefused') for a definite no, 'BrokerUnreachable' for what may pass. */
export async function saslLogin(connection: BrokerConnection, credential: BrokerCredential): Promise<BrokerSession> {
  const mechanism = mechanismOf(credential);
  const { errorCode, mechanisms } = await connection.request(apis.SaslHandshake, handshakeVersion, { mechanism });
  if (errorCode === KafkaError.unsupportedSaslMechanism) {
    throw refused(connection, `it has no ${mechanism}`, {
      fix: `enable ${mechanism} on the broker's listener, or use one of: ${mechanisms.join(', ')}`,
    });
  }
  check(connection, errorCode);
  switch (credential.kind) {
    case 'scram':
      return await loginScram(connection, credential);
    case 'plain':
      return await loginPlain(connection, credential);
    case 'oauthbearer':
      return await loginBearer(connection, credential.token);
  }
}

function mechanismOf(credential: BrokerCredential): string {
  if (credential.kind === 'scram') return credential.mechanism;
  return credential.kind === 'plain' ? 'PLAIN' : 'OAUTHBEARER';
}

type Scram = Extract<BrokerCredential, { kind: 'scram' }>;

async function loginScram(connection: BrokerConnection, { mechanism, user, password }: Scram): Promise<BrokerSession> {
  const first = clientFirst(user, randomBytes(24).toString('base64url'));
  const serverFirst = await exchange(connection, first.message);
  const final = await clientFinal(mechanism, password, first, serverFirst.text);
  const serverFinal = await exchange(connection, final.message);
  checkServerFinal(final.serverSignature, serverFinal.text);
  return serverFinal.session;
}

type Plain = Extract<BrokerCredential, { kind: 'plain' }>;

async function loginPlain(connection: BrokerConnection, { user, password }: Plain): Promise<BrokerSession> {
  return (await exchange(connection, `\0${user}\0${password}`)).session;
}

/** A refused token is answered without an error code; only a further message brings that (RFC 7628, 3.2.3). */
async function loginBearer(connection: BrokerConnection, token: string): Promise<BrokerSession> {
  const { text, session } = await exchange(connection, `n,,\x01auth=Bearer ${token}\x01\x01`);
  if (text === '') return session;
  await exchange(connection, '\x01');
  throw refused(connection, 'it refused the token');
}

async function exchange(
  connection: BrokerConnection,
  message: string,
): Promise<{ text: string; session: BrokerSession }> {
  const answer = await connection.request(apis.SaslAuthenticate, authenticateVersion, {
    authBytes: Buffer.from(message),
  });
  check(connection, answer.errorCode);
  const lifetime = Number(answer.sessionLifetimeMs);
  return {
    text: Buffer.from(answer.authBytes).toString(),
    session: { lifetimeMs: lifetime > 0 ? lifetime : undefined },
  };
}

function check(connection: BrokerConnection, errorCode: number): void {
  if (errorCode === KafkaError.none) return;
  if (isTransient(errorCode)) {
    throw new UpstreamError('BrokerUnreachable', 'the broker cannot check a login now', {
      why: kafkaErrorName(errorCode),
      at: formatAddress(connection.address),
      retry: 'later',
    });
  }
  throw refused(connection, kafkaErrorName(errorCode));
}

function refused(connection: BrokerConnection, why: string, details: ErrorDetails = {}): UpstreamError {
  const at = formatAddress(connection.address);
  return new UpstreamError('BrokerRefused', `the broker at ${at} refused the gateway's login`, { why, at, ...details });
}
