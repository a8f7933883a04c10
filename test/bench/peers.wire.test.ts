/** What the bench takes as a peer: what its command line says, and that clients cannot go past it. */
import { expect, test } from 'vitest';
import { type Entrance, javaSecurity, type Login } from '../../bench/proxy/login.ts';
import { untilServed } from '../../bench/proxy/peer-process.ts';
import { peersWanted } from '../../bench/proxy/peers.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultMetadataResponse,
  defaultMetadataResponseMetadataResponseBroker,
} from '../../gateway/kafka/wire/generated/metadata.ts';
import { fakeBroker, responseFrame } from '../support/fake-broker.ts';
import { scriptedBroker } from '../support/scripted-broker.ts';

const brokerPort = 9092;

test('nothing is started and nobody is waited for unless asked', () => {
  expect(peersWanted('', [], undefined)).toEqual({ start: [], given: [], brokerPort: undefined });
});

test('peers are read from the command line', () => {
  expect(peersWanted('kroxylicious,kafka-proxy', ['mine=127.0.0.1:9093,4711'], '9092')).toEqual({
    start: ['kafka-proxy', 'kroxylicious'],
    given: [{ name: 'mine', port: 9093, pid: 4711, login: undefined }],
    brokerPort,
  });
});

test('a peer may have a user for its clients, with a password of any characters', () => {
  const { given } = peersWanted('', ['scram+acl=admin:a=b:c@d,1@127.0.0.1:9093,4711'], '9092');
  expect(given).toEqual([{ name: 'scram+acl', port: 9093, pid: 4711, login: scram('admin', 'a=b:c@d,1') }]);
});

test.each(['admin:secret@127.0.0.1:9093,4711', 'mine=secret@127.0.0.1:9093,4711', 'mine=admin:secret@127.0.0.1:9093'])(
  'what is wrong with %j is said without the password',
  (peer) => {
    const read = (): unknown => peersWanted('', ['mine=127.0.0.1:9093,4711', peer], '9092');
    expect(read).toThrow(/^--peer number 2: NAME=/);
    expect(read).not.toThrow('secret');
  },
);

test('Java clients get the login, quoted, and the authority to trust', () => {
  expect(javaSecurity(unsecured(9093))).toEqual(['security.protocol=PLAINTEXT']);
  expect(javaSecurity({ port: 9093, login: scram('admin', 'a"b\\c') })).toEqual([
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=SCRAM-SHA-512',
    'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="a\\\\"b\\\\\\\\c";',
  ]);
  expect(javaSecurity({ port: 9093, login: { kind: 'plain', user: 'u', password: 'p' }, caFile: '/ca.pem' })).toEqual([
    'security.protocol=SASL_SSL',
    'sasl.mechanism=PLAIN',
    'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";',
    'ssl.truststore.type=PEM',
    'ssl.truststore.location=/ca.pem',
  ]);
});

test.each([
  ['kafka-proxy,other', [], undefined, /--with other: there are kafka-proxy, kroxylicious/],
  ['', ['mine=127.0.0.1:9093,4711'], undefined, /--peer needs --broker-port/],
  ['', ['mine=10.0.0.1:9093,4711'], '9092', /NAME=\[USER:PASSWORD@\]127\.0\.0\.1:PORT,PID is wanted/],
  ['', ['127.0.0.1:9093'], '9092', /NAME=\[USER:PASSWORD@\]127\.0\.0\.1:PORT,PID is wanted/],
  ['', [], '0', /not a port/],
  ['', [], '70000', /not a port/],
])('refused: --with %j, --peer %j, --broker-port %j', (names, peers, port, why) => {
  expect(() => peersWanted(names, peers, port)).toThrow(why);
});

test('a peer that names itself serves', async () => {
  await using peer = await broker();
  await untilServed(unsecured(peer.port), brokerPort, () => undefined);
});

test('a peer that hands out the address of the broker is refused', async () => {
  await using peer = await broker(brokerPort);
  await expect(untilServed(unsecured(peer.port), brokerPort, () => undefined)).rejects.toThrow(
    "the broker's own address",
  );
});

test('a peer whose clients log in is asked after a login; one that is refused is not tried again', async () => {
  await using peer = await scriptedBroker();
  await untilServed({ port: peer.port, login: scram('admin', 'admin-secret') }, brokerPort, () => undefined);
  const wrong = untilServed({ port: peer.port, login: scram('admin', 'guessed') }, brokerPort, () => undefined);
  await expect(wrong).rejects.toThrow(`port ${peer.port} refuses the login of admin: saslAuthenticationFailed`);
});

test('a peer that ended is waited for no longer', async () => {
  await using peer = await fakeBroker((_, __, socket) => socket.destroy());
  let left = 2;
  const failed = () => (left-- > 0 ? undefined : 'it ended with 1');
  await expect(untilServed(unsecured(peer.port), brokerPort, failed)).rejects.toThrow('it ended with 1');
});

function unsecured(port: number): Entrance {
  return { port, login: undefined };
}

function scram(user: string, password: string): Login {
  return { kind: 'scram', mechanism: 'SCRAM-SHA-512', user, password };
}

/** Answers Metadata with one broker at a port, its own when absent. */
async function broker(port?: number) {
  return await fakeBroker((_, { apiVersion, correlationId }, socket) => {
    const one = {
      ...defaultMetadataResponseMetadataResponseBroker,
      nodeId: 1,
      host: '127.0.0.1',
      port: port ?? socket.localPort!,
    };
    socket.write(
      responseFrame(apis.Metadata, apiVersion, correlationId, { ...defaultMetadataResponse, brokers: [one] }),
    );
  });
}
