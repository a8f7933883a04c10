/** One broker, one issuer and one gateway for all clients. What has to be fetched or built is, while they start. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { authority } from '../support/certificates.ts';
import { writeGatewayConfig } from '../support/gateway-config.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { type KafkaBroker, oldBrokerVersion, startKafka } from '../support/kafka-broker.ts';
import { clientSecret, startIssuer } from '../support/oidc-issuer.ts';
import { makePolicyRepo } from '../support/policy-repo.ts';
import { pythonWithKafka } from '../support/python-client.ts';
import { brokerSide } from './broker-side.ts';
import { clients } from './cases.ts';
import { buildFranzGo } from './franz-go.ts';
import { prepareJava } from './java.ts';
import { listeners, matrixPolicies, namesOf, owner, prefix, shortLife } from './policies.ts';

/** What a test gets by `inject('matrix')`. */
export interface MatrixService {
  readonly issuer: string;
  readonly clientSecret: string;
  /** `host:port` by listener. */
  readonly addresses: Readonly<Record<string, string>>;
  /** The gateway's metrics. */
  readonly metrics: string;
  /** PEM file of the CA behind the listener `tls`. */
  readonly ca: string;
  readonly repo: string;
  /** A folder for clones of the repo and the like; removed at the end. */
  readonly folder: string;
  readonly broker: BrokerService;
  /** The one behind the listener `old`. */
  readonly oldBroker: BrokerService;
}

export interface BrokerService {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    matrix: MatrixService;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = new AsyncDisposableStack();
  try {
    // A client that cannot be had fails its own tests, with the reason.
    const prepared = Promise.allSettled([prepareJava(), buildFranzGo(), pythonWithKafka()]);
    const folder = await mkdtemp(join(tmpdir(), 'sluice-matrix-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const names = clients.flatMap(({ id }) => Object.values(namesOf(id)));
    const short = new Set(clients.map(({ id }) => namesOf(id).short));
    const issuer = stack.use(await startIssuer({ names, lifetime: (name) => (short.has(name) ? shortLife : 3600) }));
    const kafka = stack.use(await startKafka());
    const old = stack.use(await startKafka({ version: oldBrokerVersion }));
    await Promise.all([kafka, old].map((broker) => warm(serviceOf(broker))));
    const repo = makePolicyRepo(folder, [owner], matrixPolicies(issuer.issuer));
    const ca = authority(folder);
    const server = ca.issue('gateway');
    const config = writeGatewayConfig({
      dir: join(folder, 'gateway'),
      repo,
      owners: [owner],
      issuer,
      clusters: listeners.map((name) => ({
        name,
        bootstrap: (name === 'old' ? old : kafka).bootstrap,
        user: kafka.adminUser,
        password: kafka.adminPassword,
        ...(name === 'tls' ? { listenTls: server } : {}),
      })),
    });
    const gateway = stack.use(await startGatewayProcess(config, join(folder, 'gateway.log')));
    await prepared;
    project.provide('matrix', {
      issuer: issuer.issuer,
      clientSecret,
      addresses: gateway.addresses.clusters,
      metrics: `${gateway.addresses.public}/metrics`,
      ca: ca.caFile,
      repo: repo.url,
      folder,
      broker: serviceOf(kafka),
      oldBroker: serviceOf(old),
    });
    return () => stack.disposeAsync();
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function serviceOf({ host, port, adminUser, adminPassword }: KafkaBroker): BrokerService {
  return { host, port, user: adminUser, password: adminPassword };
}

/** The coordinators of a new broker are not there at once, which some clients take for an error. */
async function warm(broker: BrokerService): Promise<void> {
  using side = await brokerSide(broker);
  const topic = `${prefix}warm`;
  await side.create(topic);
  for (let n = 0; n < 12; n++) await side.commit(`${prefix}warm-${n}`, topic);
}
