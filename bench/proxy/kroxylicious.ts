/** Kroxylicious from its jars, as a peer: without a filter, and with one of its own that changes records. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { classpath, spawnJava } from '../../test/support/java-process.ts';
import { freePorts } from '../../test/support/kafka-broker.ts';
import { cachePath, fetchClasspath, filledOnce } from '../../test/support/maven.ts';
import { type Peer, startPeer } from './peer-process.ts';

/** The newest release of the runtime that Maven was seen to resolve. It needs Java 17, and knows Kafka 4.0. */
const version = '0.12.0';
const source = join(import.meta.dirname, 'kroxylicious', 'KroxyliciousMain.java');
const jvm = ['-Xmx512m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

/** Upper case for what consumers get: the least that a filter of that release does to records. */
const upperCase = {
  name: 'upper',
  type: 'FetchResponseTransformation',
  config: { transformation: 'UpperCasing', transformationConfig: { charset: 'UTF-8' } },
};

/**
 * Fetches it; what comes back starts it, each variant a process. It needs Maven, and a JDK with its compiler. The ports
 * are bound on all interfaces: the configuration has no other way for ports that stand for nodes.
 */
export async function fetchKroxylicious(): Promise<
  (stack: AsyncDisposableStack, dir: string, broker: number) => Promise<readonly Peer[]>
> {
  const libs = classpath(
    await fetchClasspath(`kroxylicious-${version}`, [
      { group: 'io.kroxylicious', artifact: 'kroxylicious-runtime', version },
      { group: 'io.kroxylicious', artifact: 'kroxylicious-simple-transform', version },
      { group: 'org.slf4j', artifact: 'slf4j-simple', version: '2.0.17' },
    ]),
  );
  const hash = createHash('sha256').update(version).update(readFileSync(source)).digest('hex').slice(0, 8);
  const main = await filledOnce(cachePath(`kroxylicious-main-${hash}`), async (to) => {
    await promisify(execFile)('javac', ['--release', '17', '-cp', libs, '-d', to, source]);
  });
  const run = [...jvm, '-cp', [libs, main].join(delimiter)];
  return async (stack, dir, broker) => [
    await start(stack, dir, broker, run, 'kroxylicious', {}),
    await start(stack, dir, broker, run, 'kroxylicious upper case', {
      filterDefinitions: [upperCase],
      defaultFilters: [upperCase.name],
    }),
  ];
}

async function start(
  stack: AsyncDisposableStack,
  parent: string,
  broker: number,
  run: readonly string[],
  name: string,
  filters: object,
): Promise<Peer> {
  const dir = join(parent, name.replace(/\W/g, '-'));
  mkdirSync(dir);
  const [port, nodePort] = (await freePorts(2)) as [number, number];
  const config = join(dir, 'proxy.yaml');
  writeFileSync(config, configuration(broker, port, nodePort, filters));
  return await startPeer({ name, port, login: undefined, dir, broker }, (log) => {
    const child = spawnJava([...run, `-Djava.io.tmpdir=${dir}`, 'KroxyliciousMain', config], log);
    stack.defer(() => void child.kill('SIGKILL'));
    return child;
  });
}

/** In front of a broker with the node id 1. JSON is YAML. */
function configuration(broker: number, port: number, nodeStartPort: number, filters: object): string {
  const bootstrapAddress = `127.0.0.1:${port}`;
  const nodeIdRanges = [{ name: 'one', start: 1, end: 1 }];
  const gateway = { name: 'plain', portIdentifiesNode: { bootstrapAddress, nodeStartPort, nodeIdRanges } };
  const targetCluster = { bootstrapServers: `127.0.0.1:${broker}` };
  return JSON.stringify({ virtualClusters: [{ name: 'bench', targetCluster, gateways: [gateway] }], ...filters });
}
