/**
 * A Kafka cluster for tests: node 1 is its controller and a broker, the others are brokers that a test can kill, start
 * again (elsewhere, if it likes) and add. Admin user, jars and everything else are those of a single broker.
 */
import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clusterId,
  formattedData,
  freePorts,
  type KafkaNode,
  kafkaLibs,
  quickStart,
  startNode,
} from './kafka-broker.ts';
import { adminPassword, adminUser, brokerHost, serverProperties } from './kafka-properties.ts';

export interface KafkaCluster extends AsyncDisposable {
  readonly adminUser: string;
  readonly adminPassword: string;
  readonly libs: string;
  /** Where a test may write files. */
  readonly folder: string;
  /** `host:port` of all nodes that were ever started, with commas. */
  readonly bootstrap: string;
  portOf(nodeId: number): number;
  /** SIGKILL: what it had in memory is gone. Not for node 1, which is the controller. */
  kill(nodeId: number): Promise<void>;
  /** Starts a node that is down, or a new one; `moved`: on another port than before. */
  start(nodeId: number, options?: { readonly moved?: boolean }): Promise<void>;
}

interface Node {
  port: number;
  readonly folder: string;
  running: KafkaNode | undefined;
}

/** Starts nodes 1 to `brokers`. */
export async function startKafkaCluster(brokers: number): Promise<KafkaCluster> {
  const libs = await kafkaLibs();
  const jvm = await quickStart(libs);
  const root = await mkdtemp(join(tmpdir(), 'sluice-kafka-'));
  const [controllerPort] = await freePorts(1);
  const nodes = new Map<number, Node>();

  const launch = async (nodeId: number, node: Node): Promise<void> => {
    const { folder, port } = node;
    const properties = serverProperties(folder, port, controllerPort!, { settings: settings(nodeId, port) });
    node.running = await startNode({ libs, folder, port, properties, jvm });
  };
  const prepare = async (nodeId: number): Promise<Node> => {
    const folder = join(root, `node-${nodeId}`);
    const data = join(folder, 'data');
    await mkdir(data, { recursive: true });
    if (nodeId === 1) cpSync(await formattedData(libs), data, { recursive: true });
    else await writeFile(join(data, 'meta.properties'), metaProperties(nodeId));
    const [port] = await freePorts(1);
    const node = { port: port!, folder, running: undefined };
    nodes.set(nodeId, node);
    return node;
  };
  const dispose = async (): Promise<void> => {
    await Promise.all([...nodes.values()].map(({ running }) => running?.end('SIGKILL')));
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await launch(1, await prepare(1));
    await Promise.all(
      Array.from({ length: brokers - 1 }, async (_, i) => {
        await launch(i + 2, await prepare(i + 2));
      }),
    );
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    adminUser,
    adminPassword,
    libs,
    folder: root,
    get bootstrap() {
      return [...nodes.values()].map(({ port }) => `${brokerHost}:${port}`).join(',');
    },
    portOf: (nodeId) => nodes.get(nodeId)!.port,
    async kill(nodeId) {
      const node = nodes.get(nodeId)!;
      await node.running?.end('SIGKILL');
      node.running = undefined;
    },
    async start(nodeId, { moved = false } = {}) {
      const node = nodes.get(nodeId) ?? (await prepare(nodeId));
      if (moved) [node.port] = (await freePorts(1)) as [number];
      await launch(nodeId, node);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** What makes a node one of several; a broker that is gone is noticed soon. */
function settings(nodeId: number, port: number): Record<string, string> {
  return {
    'node.id': String(nodeId),
    ...(nodeId === 1 ? {} : { 'process.roles': 'broker', listeners: `SASL_PLAINTEXT://${brokerHost}:${port}` }),
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '250',
    'replica.lag.time.max.ms': '5000',
    'offsets.topic.replication.factor': '3',
    'transaction.state.log.replication.factor': '3',
  };
}

/** What formatting leaves on a node that is no controller. */
function metaProperties(nodeId: number): string {
  const directoryId = randomBytes(16).toString('base64url');
  return `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n`;
}
