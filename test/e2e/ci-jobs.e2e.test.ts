/** The sample workflow of the guide, run as a runner would run it, against a gateway process and a real broker. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  type ActionsIssuer,
  gitHubIssuer,
  type JobClaims,
  releaseJob,
  startActionsIssuer,
} from '../support/actions-issuer.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { pythonWithKafka } from '../support/python-client.ts';
import { runSluice } from '../support/run-sluice.ts';
import { gatewayWorld, until } from './gateway-world.ts';

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: {
    readonly announce: {
      readonly env: Readonly<Record<string, string>>;
      readonly steps: readonly { readonly run: string; readonly shell?: string }[];
    };
  };
}

const workflow = parse(readFileSync('docs/guides/ci-jobs/produce.yml', 'utf8')) as Workflow;
const { env, steps } = workflow.jobs.announce;
const audience = env['SLUICE_AUDIENCE']!;
const prefix = 'ci-jobs.';

test('a job writes with what GitHub says it is, standing or granted, and another job does not', async ({ skip }) => {
  const python = await pythonWithKafka();
  if ('missing' in python) {
    expect(process.env['CI'], python.missing).not.toBe('true');
    return skip(`confluent-kafka could not be had: ${python.missing}`);
  }
  await using issuer = await startActionsIssuer();
  const workload = (claims: object): object => ({ workload: { issuer: gitHubIssuer, claims } });
  await using world = await gatewayWorld({
    prefix,
    issuers: [{ issuer: gitHubIssuer, audience, algorithms: ['RS256'], jwksUri: issuer.jwksUri }],
    policies: (files) => ({
      ...files,
      'identities/release.yaml': document(
        'Identity',
        'release',
        workload({ repository_id: '123456789', ref: 'refs/heads/main', environment: 'production' }),
      ),
      'identities/backfill.yaml': document(
        'Identity',
        'backfill',
        workload({ repository_id: '123456789', ref: 'refs/heads/main', environment: 'backfill' }),
      ),
      'policies/release.yaml': document('AccessPolicy', 'release-writes', {
        mode: 'standing',
        subjects: [{ identity: 'release' }],
        streams: ['catalog'],
        operations: ['produce'],
      }),
      'policies/backfill.yaml': document('AccessPolicy', 'backfill-writes', {
        mode: 'onRequest',
        subjects: [{ identity: 'backfill' }],
        streams: ['payments'],
        operations: ['produce'],
        approval: 'payments-lead',
        limits: { maxDuration: 'PT1H' },
      }),
    }),
  });
  const admin = world.admin.admin();
  await admin.connect();
  const catalog = `${prefix}catalog.items`;
  await admin.createTopics({ topics: [{ topic: catalog, numPartitions: 1 }] });
  const written = async (topic: string): Promise<string> => (await admin.fetchTopicOffsets(topic))[0]!.high;
  await using gateway = await world.start();
  const run = (claims: JobClaims, topic: string) => runJob(python.python, { issuer, gateway, claims, topic });

  expect(await run(releaseJob, catalog)).toEqual({ code: 0, said: 'written' });
  expect(await written(catalog)).toBe('1');
  // Jobs of the same repository on a branch of somebody's own, and of a repository that took over its name.
  for (const stranger of [
    { ...releaseJob, ref: 'refs/heads/mallory' },
    { ...releaseJob, repository_id: '987' },
  ]) {
    expect((await run(stranger, catalog)).code).toBe(1);
  }
  expect(await written(catalog)).toBe('1');

  // Nothing standing for the back-fill: somebody asks for it, a lead of payments approves.
  const backfill = { ...releaseJob, environment: 'backfill' };
  expect((await run(backfill, world.topic)).said).toMatch(/TOPIC_AUTHORIZATION_FAILED/);
  const wish = ['--stream', 'payments', '--operation', 'produce', '--for', '1h', '--reason', 'INC-2'];
  const ask = ['access', 'request', '--subject', 'backfill', ...wish, '--format', 'json'];
  const asked = await world.cli('alice', ...ask);
  expect([asked.code, asked.stderr]).toEqual([0, '']);
  const { name } = JSON.parse(asked.stdout) as { name: string };
  await world.cli('bob', 'approval', 'sign', name, '--yes');
  await world.cli('bob', 'approval', 'merge', name);
  const status = ['gateway', 'status', '--socket', gateway.addresses.admin, '--format', 'json'];
  const state = async (): Promise<string> => {
    const { grants } = JSON.parse((await runSluice(status)).stdout) as { grants: { name: string; state: string }[] };
    return grants.find((grant) => grant.name === name)?.state ?? 'unknown';
  };
  await until(state, /^Active$/);
  expect(await run(backfill, world.topic)).toEqual({ code: 0, said: 'written' });
  expect(await written(world.topic)).toBe('1');
  await admin.disconnect();
}, 180_000);

/** The step that writes, with the environment of the workflow and of the job. */
function runJob(
  python: string,
  job: { issuer: ActionsIssuer; gateway: GatewayProcess; claims: JobClaims; topic: string },
): Promise<{ readonly code: number; readonly said: string }> {
  expect(workflow.permissions).toEqual({ 'id-token': 'write' });
  const script = steps.find(({ shell }) => shell === 'python')!.run;
  const here = {
    ...env,
    ...job.issuer.jobEnvironment(job.claims),
    KAFKA_BOOTSTRAP: job.gateway.addresses.clusters['main']!,
    KAFKA_SECURITY: 'SASL_PLAINTEXT', // on loopback
    KAFKA_TOPIC: job.topic,
  };
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], ...here }, timeout: 60_000 };
    execFile(python, ['-c', script], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, said: (error ? stderr + stdout : stdout).trim() });
    });
  });
}

function document(kind: string, name: string, spec: object): string {
  return JSON.stringify({ apiVersion: 'sluice.dev/v1', kind, metadata: { name }, spec });
}
