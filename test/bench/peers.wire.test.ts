/** What the bench takes as a peer: what its command line says, and that clients cannot go past it. */
import { expect, test } from 'vitest';
import { untilServed } from '../../bench/proxy/peer-process.ts';
import { peersWanted } from '../../bench/proxy/peers.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultMetadataResponse,
  defaultMetadataResponseMetadataResponseBroker,
} from '../../gateway/kafka/wire/generated/metadata.ts';
import { fakeBroker, responseFrame } from '../support/fake-broker.ts';

const brokerPort = 9092;

test('nothing is started and nobody is waited for unless asked', () => {
  expect(peersWanted('', [], undefined)).toEqual({ start: [], given: [], brokerPort: undefined });
});

test('peers are read from the command line', () => {
  expect(peersWanted('kroxylicious,kafka-proxy', ['mine=127.0.0.1:9093,4711'], '9092')).toEqual({
    start: ['kafka-proxy', 'kroxylicious'],
    given: [{ name: 'mine', port: 9093, pid: 4711 }],
    brokerPort,
  });
});

test.each([
  ['kafka-proxy,other', [], undefined, /--with other: there are kafka-proxy, kroxylicious/],
  ['', ['mine=127.0.0.1:9093,4711'], undefined, /--peer needs --broker-port/],
  ['', ['mine=10.0.0.1:9093,4711'], '9092', /NAME=127\.0\.0\.1:PORT,PID is wanted/],
  ['', ['127.0.0.1:9093'], '9092', /NAME=127\.0\.0\.1:PORT,PID is wanted/],
  ['', [], '0', /not a port/],
  ['', [], '70000', /not a port/],
])('refused: --with %j, --peer %j, --broker-port %j', (names, peers, port, why) => {
  expect(() => peersWanted(names, peers, port)).toThrow(why);
});

test('a peer that names itself serves', async () => {
  await using peer = await broker();
  await untilServed(peer.port, brokerPort, () => undefined);
});

test('a peer that hands out the address of the broker is refused', async () => {
  await using peer = await broker(brokerPort);
  await expect(untilServed(peer.port, brokerPort, () => undefined)).rejects.toThrow("the broker's own address");
});

test('a peer that ended is waited for no longer', async () => {
  await using peer = await fakeBroker((_, __, socket) => socket.destroy());
  let left = 2;
  const failed = () => (left-- > 0 ? undefined : 'it ended with 1');
  await expect(untilServed(peer.port, brokerPort, failed)).rejects.toThrow('it ended with 1');
});

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
