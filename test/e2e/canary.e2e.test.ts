/** Secrets and record data are sown into everything that goes through a gateway, and then looked for in all it leaves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { sleep, systemClock } from '../../core/clock/clock.ts';
import { runSluice } from '../support/run-sluice.ts';
import { filesBelow, type GatewayWorld, gatewayWorld, until } from './gateway-world.ts';

const seeds = {
  card: '5500005555555559',
  ssn: '321-45-6789',
  email: 'canary.person@example.com',
  plainField: 'canary-plain-field-7731',
  key: 'canary-record-key-7731',
  headerName: 'canary-header-name-7731',
  headerValue: 'canary-header-value-7731',
  claim: 'canary-claim-value-7731',
  wrongPassword: 'canary-wrong-password-7731',
  notJson: 'canary-not-json-7731',
} as const;

const record = JSON.stringify({
  card: seeds.card,
  customer: { ssn: seeds.ssn, email: seeds.email },
  note: seeds.plainField,
});

/** Everything that the gateway wrote, by where; the policy repo's clone holds what the repo holds. */
function leftBehind(world: GatewayWorld): Map<string, string> {
  const keys = join(world.gatewayDir, 'keys');
  const texts = new Map<string, string>();
  for (const path of filesBelow(world.gatewayDir)) {
    if (path.startsWith(keys) || path.endsWith('.password')) continue; // where the secrets are kept
    texts.set(path.slice(world.gatewayDir.length + 1), readFileSync(path, 'latin1'));
  }
  return texts;
}

/** A seed in the shapes in which something could carry it out. */
function shapes(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, '').slice(0, -1),
    bytes.toString('hex'),
    encodeURIComponent(secret),
  ];
}

test('no secret and no record data is in the recording, the state, the log, the metrics, the status or an error', async () => {
  const kafka = inject('kafka');
  await using world = await gatewayWorld({
    prefix: 'canary.',
    claims: { alice: { note: seeds.claim }, 'shop-service': { note: seeds.claim } },
  });
  const gateway = await world.start();
  const seen = new Map<string, string>();
  const tokens = [await world.issuer.token('alice'), await world.issuer.token('shop-service')];

  // written by the job: strict, then by nobody's token and by a wrong one
  const writer = await world.client(gateway, 'shop-service');
  const producer = writer.producer();
  await producer.connect();
  const headers = { [seeds.headerName]: seeds.headerValue };
  await producer.send({ topic: world.topic, messages: [{ key: seeds.key, value: record, headers }] });
  for (const password of [seeds.wrongPassword, `${tokens[0]}x`, tokens[1]!]) {
    const { Kafka, logLevel } = await import('kafkajs');
    const stranger = new Kafka({
      brokers: [gateway.addresses.clusters['main']!],
      sasl: { mechanism: 'plain', username: 'alice', password },
      retry: { retries: 0 },
      logLevel: logLevel.NOTHING,
    });
    const error: unknown = await stranger
      .admin()
      .connect()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    seen.set(`client error ${seen.size}`, (error as Error).message);
  }

  // denied first, then under a grant: masked; then a value that cannot be masked
  const read = async (name: string, ms: number, enough: (values: string[]) => boolean): Promise<string[]> => {
    const values: string[] = [];
    const consumer = (await world.client(gateway, name)).consumer({
      groupId: `${name}.canary`,
      maxWaitTimeInMs: 200,
      retry: { retries: 8 }, // a new broker loads its group coordinator
    });
    consumer.on('consumer.crash', ({ payload }) => seen.set('consumer crash', payload.error.message));
    const end = systemClock.monotonic() + ms;
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: world.topic, fromBeginning: true });
      await consumer.run({
        eachMessage: ({ message }) => {
          values.push(`${message.key} ${message.value} ${JSON.stringify(message.headers)}`);
          return Promise.resolve();
        },
      });
      while (systemClock.monotonic() < end && !enough(values)) await pause(50);
    } catch (error) {
      seen.set('read error', (error as Error).message);
    } finally {
      await Promise.race([consumer.disconnect().catch(() => undefined), pause(2000)]);
    }
    return values;
  };
  expect(await read('alice', 4000, () => false)).toEqual([]);
  seen.delete('consumer crash');
  const asked = await world.cli(
    'alice',
    ...['access', 'request', '--stream', 'payments', '--operation', 'consume', '--for', '10m'],
    ...['--reason', 'INC-1', '--format', 'json'],
  );
  expect(asked.code).toBe(0);
  const { name } = JSON.parse(asked.stdout) as { name: string };
  expect((await world.cli('bob', 'approval', 'sign', name, '--yes')).code).toBe(0);
  expect((await world.cli('bob', 'approval', 'merge', name)).code).toBe(0);
  const status = async (): Promise<string> =>
    (await runSluice(['gateway', 'status', '--socket', gateway.addresses.admin, '--format', 'json'])).stdout;
  await until(status, /"state": "Active"/);
  const values = await read('alice', 8000, (so) => so.length > 0);
  expect(values).toHaveLength(1);
  for (const masked of [seeds.card, seeds.ssn, seeds.email]) expect(values[0]).not.toContain(masked);
  expect(values[0]).toContain(seeds.plainField); // what no rule names is what it was
  await producer.send({ topic: world.topic, messages: [{ value: seeds.notJson }] });
  await read('alice', 3000, (so) => so.some((value) => value.includes(seeds.notJson)));
  await producer.disconnect();

  // all that can be asked
  seen.set('/metrics', await (await fetch(`${gateway.addresses.public}/metrics`)).text());
  seen.set('/readyz', await (await fetch(`${gateway.addresses.public}/readyz`)).text());
  seen.set('/status', await status());
  const socket = ['--socket', gateway.addresses.admin];
  seen.set('sessions', JSON.stringify(await runSluice(['gateway', 'sessions', ...socket])));
  seen.set('explain', JSON.stringify(await runSluice(['explain', 'grant', name, ...socket])));
  const told = await runSluice(['gateway', 'evidence', 'export', ...socket]);
  expect(told.stdout).toContain(name);
  seen.set('evidence', JSON.stringify(told));
  expect(await gateway.stop()).toBe(0);
  const log = readFileSync(world.logFile, 'utf8');
  expect(log.length).toBeGreaterThan(500);
  const events = world.events();
  for (const kind of ['auth', 'deny', 'produce_done', 'fetch_done', 'session_close']) {
    expect(events.some((event) => event['kind'] === kind)).toBe(true);
  }
  const sid = events.find((event) => event['kind'] === 'fetch_done')?.['sid'] as string;
  seen.set('replay', (await runSluice(['audit', 'replay', sid, '--recordings', world.recordings])).stdout);
  seen.set('verify', JSON.stringify(await world.verify()));
  for (const [path, text] of leftBehind(world)) seen.set(path, text);
  expect([...seen.keys()].filter((path) => path.endsWith('.ndjson')).length).toBeGreaterThan(0);
  expect(seen.has('gateway.log') && seen.has('state/state.json')).toBe(true);

  const privateKey = readFileSync(join(world.gatewayDir, 'keys', 'recording.pem'), 'utf8').split('\n')[1]!;
  const secrets = [
    ...Object.values(seeds),
    ...tokens.flatMap((token) => [token, token.split('.')[2]!]),
    kafka.adminPassword,
    readFileSync(join(world.gatewayDir, 'keys', 'mask.key'), 'utf8'),
    privateKey,
  ];
  const found: string[] = [];
  for (const [where, text] of seen) {
    for (const secret of secrets) {
      for (const shape of shapes(secret)) if (text.includes(shape)) found.push(`${secret.slice(0, 24)} in ${where}`);
    }
  }
  expect(found).toEqual([]);
  expect([...seen].filter(([, text]) => text.includes(world.topic)).length).toBeGreaterThan(2); // the search can find
});

/** As the clock's sleep, but it keeps the process alive. */
async function pause(ms: number): Promise<void> {
  const alive = setInterval(() => undefined, 1000);
  await sleep(systemClock, ms);
  clearInterval(alive);
}
