import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { Kafka, logLevel } from 'kafkajs';
import { expect, inject, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { authority } from '../support/certificates.ts';
import { runKafkaTool } from '../support/kafka-broker.ts';
import { gatewayWorld } from './gateway-world.ts';

const host = 'kafka.gw.test';
const kafka = inject('kafka');

/** How a TLS connection with this server name ends, if it does within a moment. */
function greet(port: number, ca: string, servername: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port,
      ca,
      ...(servername === undefined ? {} : { servername }),
      checkServerIdentity: () => undefined,
    });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve('open');
    }, 500);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve('closed');
    });
    socket.resume();
  });
}

test.each([1, 2])('brokers behind one TLS port are told apart by name, with %s process(es)', async (workers) => {
  await using world = await gatewayWorld({ prefix: `sni${workers}.`, spec: { workers } });
  const ca = authority(world.dir);
  const tls = ca.issue('gateway', `DNS:${host},DNS:*.${host}`);
  const config = parse(readFileSync(world.config, 'utf8')) as { spec: { clusters: { listen: object }[] } };
  Object.assign(config.spec.clusters[0]!.listen, { advertisedHost: host, tls, sni: {} });
  writeFileSync(world.config, stringify(config));
  const gateway = await world.start();
  const address = gateway.addresses.clusters['main']!;
  expect(address).toMatch(/^kafka\.gw\.test:\d+$/);
  const port = Number(address.split(':')[1]);
  const caText = readFileSync(ca.caFile, 'utf8');

  // kafkajs, which checks the certificate against the name that it was told
  const dialled: string[] = [];
  const token = await world.issuer.token('shop-service');
  const client = new Kafka({
    brokers: [address],
    ssl: { ca: [caText] },
    sasl: { mechanism: 'plain', username: 'shop-service', password: token },
    socketFactory: ({ host: name, port: to, ssl, onConnect }) => {
      dialled.push(`${name}:${to}`);
      return connect({ ...ssl, host: '127.0.0.1', port: to, servername: name }, onConnect);
    },
    retry: { retries: 1 },
    logLevel: logLevel.NOTHING,
  });
  const producer = client.producer();
  await producer.connect();
  const [sent] = await producer.send({ topic: world.topic, messages: [{ value: '{"order":1}' }] });
  expect(sent).toMatchObject({ errorCode: 0, baseOffset: '0' });
  await producer.disconnect();
  expect(new Set(dialled)).toEqual(new Set([address, expect.stringMatching(/^broker-\d+\.kafka\.gw\.test:\d+$/)]));
  const broker = dialled.find((name) => name.startsWith('broker-'))!.split(':')[0]!;

  // Kafka's own tool, which resolves and sends the names by itself
  const files = { hosts: join(world.dir, 'hosts'), properties: join(world.dir, 'client.properties') };
  writeFileSync(files.hosts, `127.0.0.1 ${host} ${broker}\n`);
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  writeFileSync(
    files.properties,
    [
      'security.protocol=SASL_SSL',
      'sasl.mechanism=PLAIN',
      `sasl.jaas.config=${login} username="shop-service" password="${token}";`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${ca.caFile}`,
      'enable.idempotence=false',
    ].join('\n'),
  );
  const tool = await runKafkaTool(
    kafka.libs,
    'kafka-console-producer',
    ['--bootstrap-server', address, '--command-config', files.properties, '--topic', world.topic],
    { jvm: [`-Djdk.net.hosts.file=${files.hosts}`], stdin: '{"order":2}\n' },
  );
  expect(tool).toMatchObject({ exitCode: 0, stderr: expect.not.stringMatching(/ERROR|Exception/) });

  // Other names, and none, get nowhere.
  expect(await greet(port, caText, host)).toBe('open');
  expect(await greet(port, caText, broker.toUpperCase())).toBe('open');
  const strange = [`broker-999.${host}`, `x.${host}`, 'elsewhere.test', undefined];
  for (const name of strange) expect(await greet(port, caText, name)).toBe('closed');
  const metrics = await (await fetch(`${gateway.addresses.public}/metrics`)).text();
  expect(metrics).toContain(
    `sluice_refused_connections_total{cluster="main",reason="UnknownServerName"} ${strange.length}\n`,
  );
  expect(await gateway.stop()).toBe(0);
  const events = world.events();
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'error', code: 'UnknownServerName', where: 'listener', cluster: 'main' }),
  );
  const listeners = events
    .filter(({ kind }) => kind === 'produce_done')
    .map(({ listener }) => `broker-${listener}.${host}`);
  expect(listeners).toEqual([broker, broker]);
});
