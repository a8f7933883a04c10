/** A gateway with an issuer and a policy repo of its own, in front of the shared broker. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { expect, inject } from 'vitest';
import { sleep, systemClock } from '../../core/clock/clock.ts';
import type { KafkaService } from '../support/e2e-setup.ts';
import { writeGatewayConfig } from '../support/gateway-config.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { type OidcIssuer, startIssuer } from '../support/oidc-issuer.ts';
import { policiesOnForge } from '../support/policies-on-forge.ts';
import { environmentOf, makePolicyRepo, type PolicyRepo } from '../support/policy-repo.ts';
import type { RepoOnForge } from '../support/repo-on-forge.ts';
import { type Ran, runSluice } from '../support/run-sluice.ts';
import { storyNames, storyPeople, storyPolicies } from '../support/story-policies.ts';
import { tempDir } from '../support/temp-dir.ts';

export interface GatewayWorld extends AsyncDisposable {
  readonly dir: string;
  readonly gatewayDir: string;
  readonly config: string;
  readonly logFile: string;
  readonly recordings: string;
  readonly topic: string;
  readonly repo: PolicyRepo;
  readonly issuer: OidcIssuer;
  start(options?: { ulimit?: string }): Promise<GatewayProcess>;
  /** An unmodified client of somebody, through the gateway. */
  client(gateway: GatewayProcess, name: string): Promise<Kafka>;
  /** The administrator at the broker itself. */
  readonly admin: Kafka;
  verify(): Promise<Ran>;
  /** Every line of the recording. */
  events(): Readonly<Record<string, unknown>>[];
  /** Runs the CLI as somebody, with their own key or the token of their account. */
  cli(who: string, ...args: string[]): Promise<Ran>;
}

export async function gatewayWorld(options: {
  prefix: string;
  claims?: Record<string, Record<string, unknown>>;
  spec?: Record<string, unknown>;
  /** Makes other files of the story's policy repo. */
  policies?: (files: Record<string, string>) => Record<string, string>;
  /** Where requests live, when not on plain git. */
  forge?: RepoOnForge;
  pollInterval?: string;
  /** More of trustRoot.issuers. */
  issuers?: readonly object[];
  /** The broker or brokers behind it, when not the shared one. */
  kafka?: Pick<KafkaService, 'bootstrap' | 'adminUser' | 'adminPassword'>;
}): Promise<GatewayWorld> {
  const kafka = options.kafka ?? inject('kafka');
  await using stack = new AsyncDisposableStack();
  const temp = stack.use(await tempDir());
  const dir = temp.path;
  const issuer = stack.use(
    await startIssuer({ names: [...storyNames], ...(options.claims ? { claims: options.claims } : {}) }),
  );
  const { prefix } = options;
  const story = storyPolicies({ issuer: issuer.issuer, prefix });
  const { policies = (same: Record<string, string>) => same } = options;
  const files = (keys: PolicyRepo['keys']): Record<string, string> => policies(story(keys));
  const repo = options.forge
    ? await policiesOnForge(dir, options.forge, files)
    : makePolicyRepo(dir, [...storyPeople], files);
  const gatewayDir = join(dir, 'gateway');
  const config = writeGatewayConfig({
    dir: gatewayDir,
    repo,
    owners: ['olga'],
    issuer,
    logLevel: 'debug',
    ...(options.issuers ? { issuers: options.issuers } : {}),
    ...(options.pollInterval ? { pollInterval: options.pollInterval } : {}),
    ...(options.spec ? { spec: options.spec } : {}),
    clusters: [{ name: 'main', bootstrap: kafka.bootstrap, user: kafka.adminUser, password: kafka.adminPassword }],
  });
  const admin = new Kafka({
    clientId: 'stage',
    brokers: kafka.bootstrap.split(','),
    sasl: { mechanism: 'scram-sha-512', username: kafka.adminUser, password: kafka.adminPassword },
    logLevel: logLevel.NOTHING,
  });
  const topic = `${prefix}payments`;
  const at = admin.admin();
  await at.connect();
  await at.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await at.disconnect();
  const recordings = join(gatewayDir, 'recordings');
  const logFile = join(gatewayDir, 'gateway.log');
  const moved = stack.move();
  return {
    dir,
    gatewayDir,
    config,
    logFile,
    recordings,
    topic,
    repo,
    issuer,
    admin,
    async start(limits = {}) {
      return moved.use(await startGatewayProcess(config, logFile, limits));
    },
    async client(gateway, name) {
      return new Kafka({
        clientId: name,
        brokers: [gateway.addresses.clusters['main']!],
        sasl: { mechanism: 'plain', username: name, password: await issuer.token(name) },
        retry: { retries: 1 },
        requestTimeout: 5000,
        logLevel: logLevel.NOTHING,
      });
    },
    verify: () =>
      runSluice([
        'audit',
        'verify',
        recordings,
        '--key',
        join(gatewayDir, 'keys', 'recording.pem.vkey'),
        '--format',
        'json',
      ]),
    events: () =>
      filesBelow(recordings)
        .filter((file) => file.endsWith('.ndjson'))
        .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
    cli: (who, ...args) =>
      runSluice(args, { env: { ...environmentOf(repo, who), XDG_CACHE_HOME: join(dir, 'cache'), HOME: dir } }),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** Every file below a folder, in the order of their names. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** `200 ready`, `503 not ready: …`, of the public listener. */
export async function readiness(gateway: GatewayProcess): Promise<string> {
  const answer = await fetch(`${gateway.addresses.public}/readyz`);
  return `${answer.status} ${(await answer.text()).trim()}`;
}

/** Waits until it is so; says what it last was when it never is. */
export async function until(what: () => Promise<string> | string, wanted: RegExp, ms = 15_000): Promise<string> {
  const end = systemClock.monotonic() + ms;
  let last = await what();
  while (!wanted.test(last) && systemClock.monotonic() < end) {
    const alive = setTimeout(() => undefined, 1000);
    await sleep(systemClock, 50);
    clearTimeout(alive);
    last = await what();
  }
  expect(last).toMatch(wanted);
  return last;
}
