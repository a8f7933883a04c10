/** A request's life on a hosted forge, with a gateway process, a real broker and an unmodified client. */
import type { Kafka } from 'kafkajs';
import { expect } from 'vitest';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { runSluice } from '../support/run-sluice.ts';
import { type GatewayWorld, until } from './gateway-world.ts';

/** What happens on the forge itself, without Sluice. */
export interface OnTheForge {
  webhooksTo(url: string): Promise<void>;
  approve(by: 'bob', request: string): Promise<void>;
  /** Whatever the rules of the branch say. */
  merge(request: string): Promise<void>;
}

const card = '4111 1111 1111 1111';

/** `world` polls once in ten minutes: all that is seen here was seen because a webhook said so. */
export async function playOnForge(world: GatewayWorld, forge: OnTheForge): Promise<void> {
  await send(world.admin, world.topic, JSON.stringify({ card, amount: 12.5 }));
  const gateway = await world.start();
  await forge.webhooksTo(gateway.addresses.public);

  const alice = await world.client(gateway, 'alice');
  expect(await readOne(alice, world.topic, 'alice.before')).toBe('TOPIC_AUTHORIZATION_FAILED');

  // Mallory's is merged and nobody approved it.
  const unapproved = await ask(world, 'mallory');
  await forge.merge(unapproved.name);
  await until(() => stateOf(gateway, unapproved.name), /^Refused NotEnoughApprovals$/, 30_000);
  const mallory = await world.client(gateway, 'mallory');
  expect(await readOne(mallory, world.topic, 'mallory.after')).toBe('TOPIC_AUTHORIZATION_FAILED');

  const asked = await ask(world, 'alice');
  expect(asked.url).toMatch(/\/acme[\w-]*\/policies\/pulls?\/2$/);
  await forge.approve('bob', asked.name);
  const status = await world.cli('alice', 'access', 'status', asked.name);
  expect(status.stdout).toMatch(/approved:\s+bob/);
  expect(await readOne(alice, world.topic, 'alice.approved')).toBe('TOPIC_AUTHORIZATION_FAILED');
  await forge.merge(asked.name);
  await until(() => stateOf(gateway, asked.name), /^Active/, 30_000);

  const masked = JSON.stringify({ card: '**** **** **** 1111', amount: 12.5 });
  expect(await readOne(alice, world.topic, 'alice.live')).toBe(masked);

  const thrownOut = readUntilThrownOut(alice, world.topic, 'alice.cut');
  await thrownOut.reads;
  const revoked = await world.cli('carol', 'access', 'revoke', asked.name, '--reason', 'over');
  expect([revoked.code, revoked.stderr]).toEqual([0, '']);
  await thrownOut.ended;
  await until(() => stateOf(gateway, asked.name), /^Revoked/);
  expect(await readOne(alice, world.topic, 'alice.again')).toBe('TOPIC_AUTHORIZATION_FAILED');

  const why = await runSluice(['explain', 'grant', asked.name, '--socket', gateway.addresses.admin]);
  expect(JSON.parse(why.stdout)).toMatchObject({ verdict: { approvals: [{ by: 'bob' }] }, verified: { holds: true } });
  const metrics = await (await fetch(`${gateway.addresses.public}/metrics`)).text();
  expect(metrics).toMatch(/sluice_webhooks_total\{[^}]*result="woken"[^}]*\} [1-9]/);
  await gateway.stop();
  expect((await world.verify()).code).toBe(0);
  const reads = world.events().filter(({ kind, principal }) => kind === 'fetch_done' && principal === 'alice');
  expect(reads.length).toBeGreaterThan(0);
  expect(reads.every((read) => read['grant'] === asked.uid)).toBe(true);
}

/** Somebody asks to read payments for an hour. */
export async function ask(world: GatewayWorld, who: string): Promise<{ name: string; uid: string; url: string }> {
  const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '1h', '--reason', 'INC-1'];
  const { code, stdout, stderr } = await world.cli(who, 'access', 'request', ...wish, '--format', 'json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as { name: string; uid: string; url: string };
}

/** `Active`, `Refused REASON`, or nothing while the gateway has no word on it. */
export async function stateOf(gateway: GatewayProcess, name: string): Promise<string> {
  const ran = await runSluice(['gateway', 'status', '--socket', gateway.addresses.admin, '--format', 'json']);
  const { grants } = JSON.parse(ran.stdout) as {
    grants: { name: string; state: string; refusal?: { reason: string } }[];
  };
  const grant = grants.find((entry) => entry.name === name);
  return grant ? [grant.state, ...(grant.refusal ? [grant.refusal.reason] : [])].join(' ') : '';
}

async function send(client: Kafka, topic: string, value: string): Promise<void> {
  const producer = client.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}

/** The first record, or the type of the error that came instead. */
async function readOne(client: Kafka, topic: string, group: string): Promise<string> {
  const consumer = client.consumer({ groupId: group, maxWaitTimeInMs: 250, retry: { retries: 8 } });
  const first = Promise.withResolvers<string>();
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) first.resolve(typeOf(payload.error));
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => first.resolve(message.value?.toString() ?? '') });
    return await first.promise;
  } catch (error) {
    return typeOf(error);
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}

/** Resolves `reads` at the first record and `ended` when the client cannot go on. */
function readUntilThrownOut(
  client: Kafka,
  topic: string,
  group: string,
): { reads: Promise<void>; ended: Promise<void> } {
  const consumer = client.consumer({ groupId: group, maxWaitTimeInMs: 250, retry: { retries: 2 } });
  const [reads, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  consumer.on('consumer.crash', ({ payload }) => {
    if (payload.restart) return; // what was cut tries again, and is told then
    ended.resolve();
    void consumer.disconnect().catch(() => undefined);
  });
  void (async () => {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async () => reads.resolve() });
  })().catch((error: unknown) => reads.reject(error));
  return { reads: reads.promise, ended: ended.promise };
}

function typeOf(error: unknown): string {
  const { type, cause } = error as { type?: string; cause?: { type?: string } };
  return type ?? cause?.type ?? String(error);
}
