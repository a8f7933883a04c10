/**
 * A real Kafka broker for tests and the demo: one node, broker and controller, on free loopback ports, from Maven's
 * jars. SCRAM and an authorizer by default. Jars, a formatted data folder and a class archive (which halves the start)
 * are kept in the user's cache; a broker's own files are in a temporary folder that goes when it is disposed of.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, cpSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sleep, systemClock } from '../../core/clock/clock.ts';
import { UpstreamError } from '../../core/errors/sluice-error.ts';
import { openConnection } from '../../gateway/kafka/upstream/open-connection.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { classpath, smallJvm, spawnJava } from './java-process.ts';
import {
  adminPassword,
  adminUser,
  brokerHost,
  type KafkaOptions,
  logging,
  serverProperties,
} from './kafka-properties.ts';
import { type Artifact, cachePath, fetchClasspath, filledOnce } from './maven.ts';

const run = promisify(execFile);
const host = brokerHost;
/** The id of every cluster that is started here. */
export const clusterId = 'AAAAAAAAQACAAAAAAAAAAQ';

/** The release that is run. Its console tools work together with its server. */
export const brokerVersion = '4.3.1';
const log4j = '2.25.3';
/** The oldest release that is run, for what newer ones do in another way. */
export const oldBrokerVersion = '3.9.2';

function artifacts(version: string): readonly Artifact[] {
  const kafka = ['kafka_2.13', 'kafka-tools'].map((artifact) => ({ group: 'org.apache.kafka', artifact, version }));
  if (version === oldBrokerVersion) return kafka; // it brings a logger of its own
  const logging = ['log4j-slf4j-impl', 'log4j-core', 'log4j-1.2-api'].map((artifact) => ({
    group: 'org.apache.logging.log4j',
    artifact,
    version: log4j,
  }));
  return [...kafka, ...logging];
}

/** How to run a console tool. */
export interface ToolOptions {
  readonly stdin?: string;
  /** Milliseconds after which the tool is killed; 60,000 when absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Further options of the JVM. */
  readonly jvm?: readonly string[];
}

/** How a console tool ended. */
export interface ToolResult {
  /** Null when it was killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running broker; disposing of it kills it and removes its folder. */
export interface KafkaBroker extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `host:port` of the listener, for clients. */
  readonly bootstrap: string;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** Folder of the jars, for `runKafkaTool`. */
  readonly libs: string;
  /** The broker's temporary folder, with server.properties, data/ and broker.log. */
  readonly folder: string;
  readonly pid: number;
}

/** The console tools by what their shell scripts are called. */
export const kafkaTools = {
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-acls': 'org.apache.kafka.tools.AclCommand',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-transactions': 'org.apache.kafka.tools.TransactionsCommand',
  'kafka-console-share-consumer': 'org.apache.kafka.tools.consumer.ConsoleShareConsumer',
  'kafka-share-groups': 'org.apache.kafka.tools.consumer.group.ShareGroupCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-delegation-tokens': 'org.apache.kafka.tools.DelegationTokenCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'kafka-leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'kafka-features': 'org.apache.kafka.tools.FeatureCommand',
} as const;
/** The name of a console tool. */
export type KafkaTool = keyof typeof kafkaTools;

/** Starts a broker and resolves when it answers. `await using` ends it. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaBroker> {
  const { version = brokerVersion } = options;
  const libs = await kafkaLibs(version);
  // A class archive is made by a run of its own, which few tests with another release do not repay.
  return await launch(libs, options, version === brokerVersion ? await quickStart(libs) : []);
}

/** The folder of the jars, fetched when it is not there yet. */
export function kafkaLibs(version: string = brokerVersion): Promise<string> {
  return fetchClasspath(`kafka-${version}`, artifacts(version));
}

/** Contents of a Java client's properties file for a SCRAM user. */
export function scramProperties(user: string, password: string, mechanism = 'SCRAM-SHA-512'): string {
  return [
    'security.protocol=SASL_PLAINTEXT',
    `sasl.mechanism=${mechanism}`,
    `sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";`,
    '',
  ].join('\n');
}

/** Runs one of Kafka's console tools to its end. It does not throw for an exit code. */
export async function runKafkaTool(
  libs: string,
  tool: KafkaTool,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  const archive = await classArchive(libs);
  const shared = existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
  const jvm = ['-Xmx192m', ...smallJvm, ...shared, ...(options.jvm ?? [])];
  const java = [...jvm, '-cp', classpath(libs), kafkaTools[tool], ...args];
  const child = spawnJava(java, 'pipe');
  const kill = (): unknown => child.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill, { once: true });
  if (options.signal?.aborted) kill();
  const timer = setTimeout(kill, options.timeoutMs ?? 60_000);
  const { promise, resolve } = Promise.withResolvers<ToolResult>();
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.on('close', (exitCode) => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
    resolve({ exitCode, stdout, stderr });
  });
  child.stdin?.on('error', () => undefined); // a tool that ends before it has read everything
  child.stdin?.end(options.stdin ?? '');
  return await promise;
}

async function launch(
  libs: string,
  options: KafkaOptions,
  jvm: readonly string[],
  clean = false,
): Promise<KafkaBroker> {
  const [port, controllerPort] = await freePorts(2);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-kafka-'));
  const properties = serverProperties(folder, port!, controllerPort!, options);
  cpSync(await formattedData(libs, options.version ?? brokerVersion), join(folder, 'data'), { recursive: true });
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  let node: KafkaNode;
  try {
    node = await startNode({ libs, folder, port: port!, properties, options, jvm });
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    host,
    port: port!,
    bootstrap: `${host}:${port}`,
    adminUser,
    adminPassword,
    libs,
    folder,
    pid: node.pid,
    async [Symbol.asyncDispose]() {
      await node.end(clean ? 'SIGTERM' : 'SIGKILL');
      await remove();
    },
  };
}

/** One running Kafka process. */
export interface KafkaNode {
  readonly pid: number;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** What a process is started with. */
export interface NodeStart {
  readonly libs: string;
  /** Has `data/`; server.properties and broker.log are written into it. */
  readonly folder: string;
  readonly port: number;
  readonly properties: string;
  readonly options?: KafkaOptions;
  /** Options of the JVM. */
  readonly jvm: readonly string[];
}

/** Starts a Kafka process in a folder and resolves when it answers; on any error nothing runs on. */
export async function startNode({ libs, folder, port, properties, options = {}, jvm }: NodeStart): Promise<KafkaNode> {
  await writeFile(join(folder, 'server.properties'), properties);
  await writeFile(join(folder, 'log4j2.properties'), logging);
  const log = openSync(join(folder, 'broker.log'), 'a');
  const urls = options.oauth ? [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${options.oauth.jwksUrl}`] : [];
  const config = `-Dlog4j2.configurationFile=${join(folder, 'log4j2.properties')}`;
  const heap = ['-Xms256m', '-Xmx512m'];
  const args = [
    ...heap,
    ...smallJvm,
    ...jvm,
    ...urls,
    ...(options.jvm ?? []),
    config,
    '-cp',
    classpath(libs),
    'kafka.Kafka',
    join(folder, 'server.properties'),
  ];
  const child = spawnJava(args, log);
  closeSync(log);
  try {
    await answering(child, port, folder, options.tls);
  } catch (error) {
    await end(child, 'SIGKILL');
    throw error;
  }
  return { pid: child.pid!, end: (signal) => end(child, signal) };
}

/** Options of the JVM with which a broker starts sooner. */
export async function quickStart(libs: string): Promise<string[]> {
  const archive = await classArchive(libs);
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
}

/** A broker that takes requests has loaded its users; until then its port is closed. */
async function answering(child: ChildProcess, port: number, folder: string, tls: KafkaOptions['tls']): Promise<void> {
  let failed: Error | undefined;
  child.on('error', (error) => {
    failed = error;
  });
  const clock = systemClock;
  for (const end = clock.monotonic() + 60_000; clock.monotonic() < end && !failed && child.exitCode === null; ) {
    try {
      using connection = await openConnection({
        clock,
        address: { host, port },
        clientId: 'starting',
        timeoutMs: 5000,
        tls,
      });
      await connection.request(apis.ApiVersions, 0, {
        clientSoftwareName: '',
        clientSoftwareVersion: '',
        clusterId: null,
        nodeId: -1,
      });
      return;
    } catch {
      await holdOn(50);
    }
  }
  const tail = readFileSync(join(folder, 'broker.log'), 'utf8').slice(-3000);
  throw new UpstreamError('BrokerUnreachable', 'the Kafka broker did not start', {
    why: failed?.message ?? tail,
    fix: 'it needs Java 17 or newer as `java`',
  });
}

/** As the clock's sleep, but it keeps the process alive. */
async function holdOn(ms: number): Promise<void> {
  const alive = setInterval(() => undefined, 1000);
  await sleep(systemClock, ms);
  clearInterval(alive);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill(signal);
  await promise;
}

/** A data folder with the admin user in it, on any port; made once, since formatting takes a JVM of its own. */
export async function formattedData(libs: string, version: string = brokerVersion): Promise<string> {
  return await filledOnce(cachePath(`kafka-${version}-data-${layout()}`), async (to) => {
    const folder = join(to, 'formatting');
    await mkdir(folder);
    const properties = join(folder, 'server.properties');
    await writeFile(properties, serverProperties(folder, 9092, 9093, {}));
    const scram = `SCRAM-SHA-512=[name=${adminUser},password=${adminPassword}]`;
    const args = [
      'format',
      '--ignore-formatted',
      '-t',
      clusterId,
      '-c',
      properties,
      '--standalone',
      '--add-scram',
      scram,
    ];
    await run('java', ['-Xmx256m', ...smallJvm, '-cp', classpath(libs), 'kafka.tools.StorageTool', ...args]);
    cpSync(join(folder, 'data'), to, { recursive: true });
    await rm(folder, { recursive: true });
  });
}

/** Changes when a formatted folder would be another one. */
function layout(): string {
  return createHash('sha256')
    .update(`${serverProperties('', 0, 0, {})}${adminPassword}`)
    .digest('hex')
    .slice(0, 8);
}

/** Path of a class archive of a broker that ran once; it fits one JVM and one set of jars. */
async function classArchive(libs: string): Promise<string> {
  archivePath ??= (async () => {
    const { stderr } = await run('java', ['-version']);
    const jvm = createHash('sha256').update(stderr).digest('hex').slice(0, 8);
    const folder = await filledOnce(cachePath(`kafka-${brokerVersion}-classes-${jvm}`), async (to) => {
      const broker = await launch(libs, {}, [`-XX:ArchiveClassesAtExit=${join(to, 'classes.jsa')}`], true);
      await broker[Symbol.asyncDispose]();
    });
    return join(folder, 'classes.jsa');
  })();
  return await archivePath;
}

let archivePath: Promise<string> | undefined;

/** Ports that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject).listen(0, host, resolve);
      await promise;
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  for (const server of servers) server.close();
  return ports;
}
