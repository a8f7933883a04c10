import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Kafka, logLevel } from 'kafkajs';
import { expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
} from '../../gateway/kafka/wire/generated/fetch.ts';
import { accessPolicies, alice, grantUntil } from '../support/access-policies.ts';
import { authority } from '../support/certificates.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { type ProxyWorldOptions, proxyWorld } from '../support/proxy-world.ts';
import { RawClient, requestFrame } from '../support/raw-client.ts';
import { batchOf } from '../support/record-batches.ts';
import { scriptedBroker } from '../support/scripted-broker.ts';
import { snapshotOf } from '../support/snapshot.ts';
import { tempDir } from '../support/temp-dir.ts';

const policies = accessPolicies();
const authenticate: ProxyWorldOptions['authenticate'] = () =>
  Promise.resolve({ principal: alice, expiresAt: systemClock.now() + 3_600_000 });

function secured(port: number, ca: string): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: readFileSync(ca) });
  return new Promise((resolve, reject) => socket.once('secureConnect', () => resolve(socket)).once('error', reject));
}

test('a TLS listener shows a new certificate when its files change, and keeps the old one for a bad pair', async () => {
  await using dir = await tempDir();
  const ca = authority(dir.path);
  const [first, second] = [ca.issue('first'), ca.issue('second')];
  const live = { certFile: dir.join('live.pem'), keyFile: dir.join('live.key') };
  copyFileSync(first.certFile, live.certFile);
  copyFileSync(first.keyFile, live.keyFile);
  await using broker = await scriptedBroker();
  await using world = await proxyWorld({ broker, snapshot: snapshotOf(policies), authenticate, listenTls: live });
  const shown = async (): Promise<string> => {
    const socket = await secured(world.port, ca.caFile);
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  };
  expect(await shown()).toBe('first');
  const early = new RawClient(await secured(world.port, ca.caFile));
  await early.login('alice');

  writeFileSync(live.keyFile, 'not a key');
  await expect.poll(() => world.log.join('\n'), { timeout: 5000 }).toContain('could not be reloaded');
  expect(await shown()).toBe('first');

  copyFileSync(second.certFile, live.certFile);
  copyFileSync(second.keyFile, live.keyFile);
  await expect.poll(shown, { timeout: 5000 }).toBe('second');
  expect(early.closed).toBeUndefined();
  early.socket.destroy();
  // Plain text is not understood, and harms nobody.
  using plain = await RawClient.open(world.port);
  plain.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await plain.ended();
  expect(await shown()).toBe('second');
});

test('a cut under TLS resets the connection, and a slow reader gets no megabytes more', async () => {
  await using dir = await tempDir();
  const ca = authority(dir.path);
  await using broker = await scriptedBroker();
  const end = systemClock.now() + 1200;
  await using world = await proxyWorld({
    broker,
    snapshot: snapshotOf(policies, [grantUntil(policies, end)]),
    authenticate,
    listenTls: ca.issue('gateway'),
  });
  const socket = await secured(world.port, ca.caFile);
  using client = new RawClient(socket);
  await client.login('alice');
  socket.pause();
  const topics = [
    { ...defaultFetchRequestFetchTopic, topic: 'granted', partitions: [{ ...defaultFetchRequestFetchPartition }] },
  ];
  client.send(requestFrame(apis.Fetch, 11, { ...defaultFetchRequest, sessionEpoch: -1, topics }));
  const partition = { ...defaultFetchResponsePartitionData, records: batchOf(['x'.repeat(24 << 20)]) };
  (await broker.next()).answer({
    ...defaultFetchResponse,
    responses: [{ ...defaultFetchResponseFetchableTopicResponse, topic: 'granted', partitions: [partition] }],
  });
  await new Promise((resolve) => setTimeout(resolve, end - systemClock.now() + 100));
  socket.resume();
  expect(await client.ended()).toBe('ECONNRESET');
  expect(client.bytes).toBeLessThan(8 << 20);
  expect(world.proxy.connectionCount).toBe(0);
});

test('a broker with TLS is reached when its CA is trusted, and not otherwise', async () => {
  await using dir = await tempDir();
  const ca = authority(dir.path);
  const server = ca.issue('broker');
  const inline = (file: string): string => readFileSync(file, 'utf8').trim().replaceAll('\n', '\\n');
  await using kafka = await startKafka({
    settings: {
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.certificate.chain': inline(server.certFile),
      'ssl.keystore.key': inline(server.keyFile),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.certificates': inline(ca.caFile),
    },
    tls: { ca: readFileSync(ca.caFile) },
  });
  const broker = { host: kafka.host, port: kafka.port, user: kafka.adminUser, password: kafka.adminPassword };
  const ssl = { ca: [readFileSync(ca.caFile, 'utf8')] };
  const direct = new Kafka({
    brokers: [kafka.bootstrap],
    ssl,
    sasl: { mechanism: 'scram-sha-512', username: kafka.adminUser, password: kafka.adminPassword },
    logLevel: logLevel.NOTHING,
  }).admin();
  await direct.connect();
  await direct.createTopics({ topics: [{ topic: 'open', numPartitions: 1 }] });
  await direct.disconnect();

  const common = { broker, snapshot: snapshotOf(policies), authenticate };
  {
    const tls = { caFile: ca.caFile, serverName: undefined };
    await using world = await proxyWorld({ ...common, tls, listenTls: ca.issue('gateway') });
    const client = new Kafka({
      brokers: [world.address],
      ssl,
      sasl: { mechanism: 'plain', username: 'alice', password: 'any' },
      logLevel: logLevel.NOTHING,
    });
    const producer = client.producer();
    await producer.connect();
    const [sent] = await producer.send({ topic: 'open', messages: [{ value: 'through two TLS connections' }] });
    expect(sent).toMatchObject({ errorCode: 0, baseOffset: '0' });
    await producer.disconnect();
  }
  const other = authority(dir.path, 'other');
  await using strangers = await proxyWorld({ ...common, tls: { caFile: other.caFile, serverName: undefined } });
  expect(strangers.log.join('\n')).toMatch(
    /the cluster could not be asked .*(SELF_SIGNED|UNABLE_TO|lost|no connection)/,
  );
});
