import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, systemClock } from '../core/clock/clock.ts';
import { BugError } from '../core/errors/sluice-error.ts';
import { runSluice } from '../test/support/run-sluice.ts';
import { adminClient, clientOf, type Read, readTopic } from './clients.ts';
import type { Narrator } from './narrator.ts';
import { People } from './people.ts';
import { buildWorld, type World, type WorldOptions } from './world.ts';

const window = '20s';
/** As bytes, not as objects: what is not masked has to come out as it went in, numbers and spaces included. */
const payments = [
  '{"order": 1, "card": "4111 1111 1111 1111", "customer": {"ssn": "219-12-3456", "email": "ann@example.com"}, "amount": 12.50}',
  '{"order": 2, "card": "5500005555555559", "customer": {"ssn": "321-45-6789", "email": "bo@example.com"}, "amount": 1E2}',
  '{"order": 3, "note": "call bo@example.com about 4111111111111111", "customer": {"ssn": null}, "amount": 9007199254740993123}',
];

/** Plays the story from the first write to the auditor's proof; throws where it does not go as it must. */
export async function playStory(options: WorldOptions): Promise<void> {
  const { narrator } = options;
  const world = await buildWorld(options);
  const people = new People(world.dir, world.forge.repo);
  const topic = `${world.prefix}payments`;
  await setTopics(world);
  await write(world, narrator, topic);
  await denied(world, narrator, topic);
  await shortcut(world, narrator, people);
  const grant = await requestAndApprove(world, narrator, people);
  await maskedReadUntilTheEnd(world, narrator, topic, grant);
  await revoked(world, narrator, people);
  await leftovers(world, narrator);
  await audit(world, narrator);
  narrator.chapter('To look at');
  narrator.note(`policy repo   git -C ${await world.forge.leave()} log --graph main`);
  narrator.note(`recordings    ${join(world.gatewayDir, 'recordings')}`);
  narrator.note(`configuration ${join(world.gatewayDir, 'gateway.yaml')}, log gateway.log beside it`);
}

async function setTopics(world: World): Promise<void> {
  const admin = adminClient(world).admin();
  await admin.connect();
  const existing = await admin.listTopics();
  const wanted = [`${world.prefix}payments`, `${world.prefix}catalog.items`];
  await admin.deleteTopics({ topics: wanted.filter((topic) => existing.includes(topic)) }).catch(() => undefined);
  await admin.createTopics({ topics: wanted.map((topic) => ({ topic, numPartitions: 1 })) });
  await groupsWork(admin);
  await admin.disconnect();
}

/** A new broker makes its group coordinator when somebody first asks for one, and takes a moment. */
async function groupsWork(admin: ReturnType<ReturnType<typeof adminClient>['admin']>): Promise<void> {
  const works = (): Promise<boolean> =>
    admin.fetchOffsets({ groupId: 'demo-stage' }).then(
      () => true,
      () => false,
    );
  for (let i = 0; i < 100 && !(await works()); i++) await sleep(systemClock, 100);
}

async function write(world: World, narrator: Narrator, topic: string): Promise<void> {
  narrator.chapter('A CI job writes, with its own identity and no broker secret');
  const producer = (await clientOf(world, 'shop-service')).producer();
  await producer.connect();
  await producer.send({ topic, messages: payments.map((value) => ({ value })) });
  await producer.disconnect();
  narrator.good(`shop-service wrote ${payments.length} payments to ${topic} under the standing policy shop-writes`);
}

async function denied(world: World, narrator: Narrator, topic: string): Promise<void> {
  narrator.chapter('Alice is on call and may not read payments');
  const result = await readTopic(await clientOf(world, 'alice'), {
    topic,
    group: 'alice.debug',
    onRecord: () => must(false, 'alice read a record without a grant'),
    stop: AbortSignal.timeout(10_000),
  });
  must(result.ended === 'thrown out', 'alice was not refused');
  narrator.good(`her Kafka client says: ${result.error}`);
  narrator.note(`the gateway's log says: ${await logged(world, 'To ask for it')}`);
}

async function shortcut(world: World, narrator: Narrator, people: People): Promise<void> {
  narrator.chapter(world.forge.shortcut);
  const name = await request(people, 'mallory', '1h', 'just looking');
  await world.forge.takeShortcut(name);
  const state = await judged(world, name);
  must(state.state === 'Refused', `mallory's grant is ${state.state}`);
  narrator.good(`merged is not granted: ${state.refusal}`);
}

async function requestAndApprove(world: World, narrator: Narrator, people: People): Promise<string> {
  narrator.chapter('Alice asks, Bob signs, the merge makes it a grant');
  const args = [
    'access',
    'request',
    '--stream',
    'payments',
    '--operation',
    'consume',
    '--for',
    window,
    '--reason',
    'INC-4711: refunds are stuck',
  ];
  narrator.command(
    'alice',
    `sluice access request --stream payments --operation consume --for ${window} --reason "INC-4711: refunds are stuck"`,
  );
  const asked = await people.run('alice', args);
  narrator.output(asked);
  const name = /Requested: (\S+)/.exec(asked)?.[1] ?? '';
  narrator.command('bob', `sluice approval sign ${name}`);
  narrator.output(await people.run('bob', ['approval', 'sign', name, '--yes']));
  narrator.command('bob', `sluice approval merge ${name}`);
  const before = systemClock.now();
  narrator.output(await people.run('bob', ['approval', 'merge', name]));
  const { state } = await judged(world, name);
  must(state === 'Active', `the grant is ${state}`);
  narrator.good(
    `the gateway admitted it ${((systemClock.now() - before) / 1000).toFixed(1)} s after the merge began; it ends by itself in ${window}`,
  );
  return name;
}

async function maskedReadUntilTheEnd(world: World, narrator: Narrator, topic: string, grant: string): Promise<void> {
  narrator.chapter('Alice reads with her usual client: masked, recorded, and only as long as the grant');
  const records: Read[] = [];
  const reading = readTopic(await clientOf(world, 'alice'), {
    topic,
    group: 'alice.debug',
    onRecord: (record) => records.push(record),
    stop: AbortSignal.timeout(60_000),
  });
  await allRead(reading, () => records.length);
  for (const { value } of records) narrator.output(value);
  const text = records.map(({ value }) => value).join('\n');
  for (const secret of [
    '4111 1111 1111 1111',
    '4111111111111111',
    '5500005555555559',
    '219-12-3456',
    '321-45-6789',
    'ann@example.com',
    'bo@example.com',
  ]) {
    must(!text.includes(secret), `${secret} was not masked`);
  }
  narrator.good(
    'card numbers, social security numbers and addresses are masked; every other byte is as it was written',
  );
  const { end } = await judged(world, grant);
  const result = await reading;
  const late = systemClock.now() - Date.parse(end ?? '');
  must(result.ended === 'thrown out', 'the consumer outlived its grant');
  narrator.good(`the grant ended at ${end}; the client noticed ${late} ms later: ${result.error}`);
}

/** Waits until every payment was read; says how the client ended when it was too early. */
async function allRead(reading: ReturnType<typeof readTopic>, read: () => number): Promise<void> {
  let ended = '';
  void reading.then(({ error }) => {
    ended = `; her client says: ${error}`;
  });
  for (let i = 0; i < 200 && read() < payments.length && ended === ''; i++) await sleep(systemClock, 50);
  must(read() === payments.length, `alice read ${read()} of ${payments.length} records${ended}`);
}

async function revoked(world: World, narrator: Narrator, people: People): Promise<void> {
  narrator.chapter('A second grant for an hour, and Carol takes it back');
  const topic = `${world.prefix}payments`;
  const name = await request(people, 'alice', '1h', 'INC-4711: once more');
  await world.forge.approveAndMerge(name);
  const { state } = await judged(world, name);
  must(state === 'Active', `the grant is ${state}`);
  let read = 0;
  const reading = readTopic(await clientOf(world, 'alice'), {
    topic,
    group: 'alice.again',
    onRecord: () => read++,
    stop: AbortSignal.timeout(60_000),
  });
  await allRead(reading, () => read);
  narrator.command('carol', `sluice access revoke ${name} --reason "incident closed"`);
  narrator.output(await people.run('carol', ['access', 'revoke', name, '--reason', 'incident closed']));
  const before = systemClock.now();
  const result = await reading;
  must(result.ended === 'thrown out', 'the consumer outlived the revocation');
  narrator.good(
    `no approval needed to take away; the client was cut ${systemClock.now() - before} ms after the push: ${result.error}`,
  );
}

async function leftovers(world: World, narrator: Narrator): Promise<void> {
  narrator.chapter('Nothing of it is left at the broker');
  await world.gateway.stop();
  const admin = adminClient(world).admin();
  await admin.connect();
  // kafkajs has no SCRAM API: users show in the ACLs that were made for them.
  const { resources } = await admin.describeAcls({
    resourceType: 1,
    resourcePatternType: 1,
    operation: 1,
    permissionType: 1,
  } as never);
  await admin.disconnect();
  const ours = resources
    .flatMap(({ acls }) => acls.map(({ principal }) => principal))
    .filter((principal) => principal.startsWith('User:sluice-gw-demo-'));
  must(ours.length === 0, `the broker still has ACLs for ${ours.join(', ')}`);
  narrator.good('the gateway stopped: no broker user and no ACL of it is left');
}

async function audit(world: World, narrator: Narrator): Promise<void> {
  narrator.chapter('The auditor wants proof, not promises');
  const auditor = async (code: number, ...args: string[]): Promise<string> => {
    const ran = await runSluice(['audit', ...args], { cwd: world.gatewayDir });
    must(ran.code === code, `sluice audit ${args[0]} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  };
  const key = join('keys', 'recording.pem.vkey');
  narrator.command('auditor', `sluice audit verify recordings --key ${key}`);
  narrator.output(await auditor(0, 'verify', 'recordings', '--key', key));
  const { sid } = sessionOf(join(world.gatewayDir, 'recordings'), 'alice');
  narrator.command('auditor', `sluice audit replay ${sid} --recordings recordings`);
  narrator.output(await auditor(0, 'replay', sid, '--recordings', 'recordings'));
  const forged = join(world.gatewayDir, 'forged');
  cpSync(join(world.gatewayDir, 'recordings'), forged, { recursive: true });
  const [folder] = readdirSync(forged);
  const segment = readdirSync(join(forged, folder!)).find((name) => name.endsWith('.ndjson'))!;
  const path = join(forged, folder!, segment);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"principal":"alice"', '"principal":"mrs-x"'));
  narrator.command('forger', 'sed -i "s/alice/mrs-x/" forged/*/*.ndjson');
  narrator.good(`one changed name is noticed: ${(await auditor(1, 'verify', 'forged', '--key', key)).split('\n')[0]}`);
}

async function request(people: People, who: string, duration: string, reason: string): Promise<string> {
  const out = await people.run(who, [
    'access',
    'request',
    '--stream',
    'payments',
    '--operation',
    'consume',
    '--for',
    duration,
    '--reason',
    reason,
    '--format',
    'json',
  ]);
  return (JSON.parse(out) as { name: string }).name;
}

/** The gateway's word on a grant, as soon as it has one. */
async function judged(
  world: World,
  name: string,
): Promise<{ state: string; refusal: string; end: string | undefined }> {
  for (let i = 0; i < 100; i++) {
    const ran = await runSluice(['gateway', 'status', '--socket', world.gateway.addresses.admin, '--format', 'json']);
    const status = JSON.parse(ran.stdout) as {
      grants: { name: string; state: string; end?: string; refusal?: { reason: string; message: string } }[];
    };
    const grant = status.grants.find((entry) => entry.name === name);
    if (grant && grant.state !== 'Scheduled')
      // which it is for a moment, until it is in force
      return { state: grant.state, refusal: `${grant.refusal?.reason}: ${grant.refusal?.message}`, end: grant.end };
    await sleep(systemClock, 100);
  }
  throw new BugError(`the gateway never judged ${name}`);
}

function sessionOf(recordings: string, principal: string): { sid: string } {
  const [folder] = readdirSync(recordings);
  const lines = readdirSync(join(recordings, folder!))
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(join(recordings, folder!, name), 'utf8').split('\n'));
  const line = lines
    .filter((text) => text.includes('"kind":"fetch_done"') && text.includes(`"principal":"${principal}"`))
    .at(-1);
  must(line !== undefined, `no read of ${principal} was recorded`);
  return JSON.parse(line!) as { sid: string };
}

/** The newest line of the gateway's log with these words, as soon as it is written. */
async function logged(world: World, needle: string): Promise<string> {
  for (let i = 0; i < 50; i++) {
    const line = readFileSync(join(world.gatewayDir, 'gateway.log'), 'utf8')
      .split('\n')
      .findLast((text) => text.includes(needle));
    if (line) return (JSON.parse(line) as { msg: string }).msg;
    await sleep(systemClock, 50);
  }
  throw new BugError(`the gateway's log never said '${needle}'`);
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new BugError(`the story went wrong: ${what}`);
}
