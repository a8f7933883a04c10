/** How clients log in at what is measured: raw ones as the gateway does at a broker, Java's by their properties. */
import { systemClock } from '../../core/clock/clock.ts';
import { openConnection } from '../../gateway/kafka/upstream/open-connection.ts';
import type { BrokerCredential } from '../../gateway/kafka/upstream/sasl-login.ts';
import { RawClient } from '../../test/support/raw-client.ts';

export type Login = Extract<BrokerCredential, { kind: 'plain' | 'scram' }>;

/** Where clients connect, on loopback. */
export interface Entrance {
  readonly port: number;
  /** Undefined where nobody logs in. */
  readonly login: Login | undefined;
  /** Certificate of the authority to trust, where TLS is spoken. */
  readonly caFile?: string;
}

const patience = 5_000;

/** A raw client that has logged in; without TLS. UpstreamError('BrokerRefused') says that the login is refused. */
export async function openClient({ port, login }: Entrance): Promise<RawClient> {
  const address = { host: '127.0.0.1', port };
  const options = { clock: systemClock, address, clientId: 'raw', timeoutMs: patience, credential: login };
  const socket = (await openConnection(options)).detach();
  const client = new RawClient(socket);
  socket.resume();
  return client;
}

/** Lines of a Java client's properties. */
export function javaSecurity({ login, caFile }: Entrance): string[] {
  const protocol = `${login ? 'SASL_' : ''}${caFile === undefined ? 'PLAINTEXT' : 'SSL'}`;
  return [
    `security.protocol=${protocol}`,
    ...(login ? [`sasl.mechanism=${mechanismOf(login)}`, `sasl.jaas.config=${jaas(login)}`] : []),
    ...(caFile === undefined ? [] : ['ssl.truststore.type=PEM', `ssl.truststore.location=${caFile}`]),
  ];
}

function mechanismOf(login: Login): string {
  return login.kind === 'scram' ? login.mechanism : 'PLAIN';
}

function jaas({ kind, user, password }: Login): string {
  const module = kind === 'scram' ? 'scram.ScramLoginModule' : 'plain.PlainLoginModule';
  const line = `org.apache.kafka.common.security.${module} required username=${quoted(user)} password=${quoted(password)};`;
  return line.replaceAll('\\', '\\\\'); // as a properties file has it
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
