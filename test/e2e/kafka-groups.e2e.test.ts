import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import type { BrokerConnection } from '../../gateway/kafka/upstream/broker-connection.ts';
import { openConnection } from '../../gateway/kafka/upstream/open-connection.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { defaultConsumerGroupHeartbeatRequest } from '../../gateway/kafka/wire/generated/consumer-group-heartbeat.ts';
import { issuer } from '../support/access-policies.ts';
import { type KafkaTool, runKafkaTool, type ToolOptions, type ToolResult } from '../support/kafka-broker.ts';
import { administration, operatorPolicies } from '../support/operator-policies.ts';
import { type ProxyWorld, proxyWorld } from '../support/proxy-world.ts';
import { snapshotOf } from '../support/snapshot.ts';

const kafka = inject('kafka');
const prefix = 'groups.';
const named = (name: string): string => prefix + name;
const card = '4111 1111 1111 1111';
const policies = operatorPolicies(prefix);
const stack = new AsyncDisposableStack();
let world: ProxyWorld;

beforeAll(async () => {
  world = stack.use(
    await proxyWorld({
      broker: { host: kafka.host, port: kafka.port, user: kafka.adminUser, password: kafka.adminPassword },
      snapshot: snapshotOf(policies),
      authenticate: (_token, user) =>
        Promise.resolve({
          principal: { identity: user ?? '', kind: 'person', issuer, claimGroups: [] },
          expiresAt: systemClock.now() + 3_600_000,
        }),
    }),
  );
  using admin = await connectedTo(kafka.port, adminCredential);
  const topics = ['open', 'open.more', 'open.regex', 'seen', 'masked', 'secret'].map((name) => ({
    name: named(name),
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  await admin.request(apis.CreateTopics, 7, { topics, timeoutMs: 10_000, validateOnly: false });
  const lines = { open: 'one\ntwo\n', masked: `{"card":"${card}"}\n`, secret: 'top secret\n' };
  await Promise.all(
    Object.entries(lines).map(([name, stdin]) =>
      runKafkaTool(
        kafka.libs,
        'kafka-console-producer',
        ['--bootstrap-server', kafka.bootstrap, '--command-config', adminFile(), '--topic', named(name)],
        { stdin },
      ),
    ),
  );
});
afterAll(async () => {
  await stack.disposeAsync();
  expect(world.debts).toEqual([]);
});

const adminCredential = {
  kind: 'scram',
  mechanism: 'SCRAM-SHA-512',
  user: kafka.adminUser,
  password: kafka.adminPassword,
} as const;
const olgasCredential = { kind: 'plain', user: 'olga', password: 'token' } as const;

function connectedTo(
  port: number,
  credential: typeof adminCredential | typeof olgasCredential,
): Promise<BrokerConnection & Disposable> {
  return openConnection({
    clock: systemClock,
    address: { host: kafka.host, port },
    clientId: 'test',
    timeoutMs: 10_000,
    credential,
  });
}

function adminFile(): string {
  const file = join(kafka.folder, 'groups-admin.properties');
  writeFileSync(
    file,
    `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${kafka.adminUser}" password="${kafka.adminPassword}";\n`,
  );
  return file;
}

/** A tool as olga, through the gateway. */
async function olga(tool: KafkaTool, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const file = join(kafka.folder, 'groups-olga.properties');
  writeFileSync(
    file,
    'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="olga" password="token";\n',
  );
  const common = [
    '--bootstrap-server',
    world.address,
    tool === 'kafka-cluster' ? '--config' : '--command-config',
    file,
  ];
  // These two have commands, and take what is said of all of them before.
  const first = tool === 'kafka-metadata-quorum' || tool === 'kafka-features';
  const all = first ? [...common, ...args] : [...args, ...common];
  return await runKafkaTool(kafka.libs, tool, all, { timeoutMs: 40_000, ...options });
}

/** A tool as the broker's own administrator, past the gateway. */
async function brokerAdmin(tool: KafkaTool, args: readonly string[]): Promise<ToolResult> {
  return await runKafkaTool(kafka.libs, tool, [
    ...args,
    ...['--bootstrap-server', kafka.bootstrap, '--command-config', adminFile()],
  ]);
}

const said = ({ stdout, stderr }: ToolResult): string => stdout + stderr;
const linesOf = ({ stdout }: ToolResult): string[] => stdout.trim().split('\n').filter(Boolean);
const consuming = (name: string, group: string, count: number): string[] => [
  ...['--topic', named(name), '--group', group, '--from-beginning', '--max-messages', String(count)],
  ...['--timeout-ms', '25000', '--command-property', 'group.protocol=consumer'],
];

describe('a consumer group of KIP-848', () => {
  test('reads what is allowed, masked where a mask is', async () => {
    const [open, masked] = await Promise.all([
      olga('kafka-console-consumer', consuming('open', named('olga.new'), 2)),
      olga('kafka-console-consumer', consuming('masked', named('olga.masked'), 1)),
    ]);
    expect(linesOf(open), open.stderr).toEqual(['one', 'two']);
    expect(linesOf(masked), masked.stderr).toHaveLength(1);
    expect(masked.stdout).not.toContain(card);
  });

  test('is refused a topic and a group, by name', async () => {
    const [topic, group] = await Promise.all([
      olga('kafka-console-consumer', consuming('secret', named('olga.new'), 1)),
      olga('kafka-console-consumer', consuming('open', named('other'), 1)),
    ]);
    expect(said(topic)).toMatch(/TopicAuthorizationException/);
    expect(said(topic)).toContain(named('secret'));
    expect(said(group)).toMatch(/GroupAuthorizationException/);
    expect(said(group)).toContain(named('other'));
  });

  test('with a regex is assigned what its principal may describe, and leaves when it is cut', async () => {
    const groupId = named('olga.regex');
    const memberId = 'AAAAAAAAQACAAAAAAAAAAg';
    const first = {
      ...defaultConsumerGroupHeartbeatRequest,
      groupId,
      memberId,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicRegex: `${prefix.replace('.', '\\.')}.*`,
      topicPartitions: [],
    };
    const client = await connectedTo(world.port, olgasCredential);
    let memberEpoch = 0;
    const assigned = new Set<string>();
    await expect
      .poll(
        async () => {
          const later = { ...defaultConsumerGroupHeartbeatRequest, groupId, memberId, memberEpoch };
          const answer = await client.request(apis.ConsumerGroupHeartbeat, 1, memberEpoch === 0 ? first : later);
          expect(answer.errorCode).toBe(0);
          memberEpoch = answer.memberEpoch;
          for (const { topicId } of answer.assignment?.topicPartitions ?? []) assigned.add(topicId);
          return assigned.size;
        },
        { timeout: 20_000, interval: 300 },
      )
      .toBeGreaterThanOrEqual(5);
    using admin = await connectedTo(kafka.port, adminCredential);
    const members = async (): Promise<string[]> => {
      const ask = { groupIds: [groupId], includeAuthorizedOperations: false };
      const { groups } = await admin.request(apis.ConsumerGroupDescribe, 1, ask);
      return groups.flatMap((group) =>
        group.members.flatMap(({ assignment }) => assignment.topicPartitions.map(({ topicName }) => topicName)),
      );
    };
    expect((await members()).toSorted()).toEqual(
      ['masked', 'open', 'open.more', 'open.regex', 'seen'].map(named).toSorted(),
    );
    // Her right to the group ends: the gateway cuts her and leaves for her.
    const without = new Map([...policies.policies].filter(([name]) => !['use', 'read-masked'].includes(name)));
    await world.apply(snapshotOf({ ...policies, policies: without }));
    world.sessions.recheckAll();
    try {
      await expect.poll(members, { timeout: 10_000 }).toEqual([]);
      expect(world.recorder.of('cleanup')).toContainEqual(
        expect.objectContaining({ what: 'leave_group', ok: true, name: groupId }),
      );
    } finally {
      client.close();
      await world.apply(snapshotOf(policies));
    }
  });
});

describe('a share group', () => {
  const share = named('olga.share');

  test('is set up, read from and described through the gateway; masks hold', async () => {
    const setUp = await olga('kafka-configs', [
      ...['--alter', '--entity-type', 'groups', '--entity-name', share],
      ...['--add-config', 'share.auto.offset.reset=earliest'],
    ]);
    expect(said(setUp)).toContain(`Completed updating config for group ${share}`);
    const read = (name: string, count: number): Promise<ToolResult> =>
      olga('kafka-console-share-consumer', [
        ...['--topic', named(name), '--group', share, '--max-messages', String(count), '--timeout-ms', '25000'],
      ]);
    const open = await read('open', 2);
    expect(linesOf(open).toSorted(), open.stderr).toEqual(['one', 'two']);
    const masked = await read('masked', 1);
    expect(linesOf(masked), masked.stderr).toHaveLength(1);
    expect(masked.stdout).not.toContain(card);
    expect(world.recorder.of('fetch_done')).toContainEqual(
      expect.objectContaining({ topics: [expect.objectContaining({ topic: named('masked'), records: 1 })] }),
    );
    const [listed, described, offsets] = await Promise.all([
      olga('kafka-share-groups', ['--list']),
      olga('kafka-share-groups', ['--describe', '--group', share]),
      olga('kafka-share-groups', ['--describe', '--group', named('other'), '--state']),
    ]);
    expect(linesOf(listed)).toEqual([share]);
    expect(said(described)).toContain(named('open'));
    expect(said(offsets)).toMatch(/GroupAuthorizationException|Not authorized to access group/);
  });

  test('is refused a topic and a group, by name', async () => {
    const read = (name: string, group: string): Promise<ToolResult> =>
      olga('kafka-console-share-consumer', ['--topic', named(name), '--group', group, '--timeout-ms', '15000']);
    const [topic, group] = await Promise.all([read('secret', share), read('open', named('other'))]);
    expect(said(topic)).toMatch(/TopicAuthorizationException/);
    expect(said(topic)).not.toContain('top secret');
    expect(said(group)).toMatch(/GroupAuthorizationException/);
  });

  test('has its offsets reset and deleted', async () => {
    const reset = ['--reset-offsets', '--group', share, '--topic', named('open'), '--to-earliest', '--execute'];
    const moved = await olga('kafka-share-groups', reset);
    expect(said(moved)).toMatch(new RegExp(`${named('open')}\\s+0\\s+0`));
    const deleted = await olga('kafka-share-groups', ['--delete-offsets', '--group', share, '--topic', named('open')]);
    expect(said(deleted)).toMatch(/Successful/);
    const hidden = await olga('kafka-share-groups', ['--delete-offsets', '--group', share, '--topic', named('secret')]);
    expect(said(hidden)).toMatch(/Topic authorization failed/);
  });
});

describe('kafka-consumer-groups', () => {
  const mine = named('olga.offsets');
  const other = named('other');

  beforeAll(async () => {
    const reset = (group: string): string[] => [
      ...['--reset-offsets', '--group', group, '--topic', named('open'), '--to-earliest', '--execute'],
    ];
    await brokerAdmin('kafka-consumer-groups', reset(other));
    const own = await olga('kafka-consumer-groups', reset(mine));
    expect(said(own)).toMatch(new RegExp(`${mine}\\s+${named('open')}\\s+0\\s+0`));
  });

  test('lists and describes what may be described', async () => {
    const [listed, own, foreign] = await Promise.all([
      olga('kafka-consumer-groups', ['--list']),
      olga('kafka-consumer-groups', ['--describe', '--group', mine]),
      olga('kafka-consumer-groups', ['--describe', '--group', other]),
    ]);
    expect(linesOf(listed)).toContain(mine);
    expect(linesOf(listed)).not.toContain(other);
    expect(said(own)).toMatch(new RegExp(`${named('open')}\\s+0\\s+0\\s+2\\s+2`));
    expect(said(foreign)).toMatch(/GroupAuthorizationException|Not authorized to access group/);
    expect(said(foreign)).not.toMatch(new RegExp(`${named('open')}\\s+0`));
  });

  test('deletes offsets and groups that are hers, and no others', async () => {
    const offsets = ['--delete-offsets', '--group', mine, '--topic', named('open')];
    expect(said(await olga('kafka-consumer-groups', offsets))).toMatch(/Successful/);
    const [foreign, reset] = await Promise.all([
      olga('kafka-consumer-groups', ['--delete', '--group', other]),
      olga('kafka-consumer-groups', [
        ...['--reset-offsets', '--group', other, '--topic', named('open'), '--to-latest', '--execute'],
      ]),
    ]);
    expect(said(foreign)).toMatch(/GroupAuthorizationException|Not authorized to access group/);
    expect(said(reset)).toMatch(/GroupAuthorizationException|Not authorized to access group/);
    const left = linesOf(await brokerAdmin('kafka-consumer-groups', ['--list']));
    expect(left).toContain(other);
    if (left.includes(mine)) {
      expect(said(await olga('kafka-consumer-groups', ['--delete', '--group', mine]))).toMatch(/successful/);
    }
    expect(linesOf(await brokerAdmin('kafka-consumer-groups', ['--list']))).not.toContain(mine);
  });
});

describe('topics and their configuration', () => {
  test('are described by name and altered where that is allowed', async () => {
    const describeTopic = (name: string): Promise<ToolResult> =>
      olga('kafka-topics', ['--describe', '--topic', named(name)]);
    const [all, seen, secret] = await Promise.all([
      olga('kafka-topics', ['--describe']),
      describeTopic('seen'),
      describeTopic('secret'),
    ]);
    expect(said(all)).toContain(named('open'));
    expect(said(all)).not.toContain(named('secret'));
    expect(said(seen)).toMatch(/PartitionCount: 1/);
    expect(said(secret)).not.toMatch(/PartitionCount/);
    const partitions = (name: string): string[] => ['--alter', '--topic', named(name), '--partitions', '2'];
    const [more, denied] = await Promise.all([
      olga('kafka-topics', partitions('open.more')),
      olga('kafka-topics', partitions('seen')),
    ]);
    expect(more.exitCode, said(more)).toBe(0);
    expect(said(denied)).toMatch(/TopicAuthorizationException/);
    expect(said(await describeTopic('open.more'))).toMatch(/PartitionCount: 2/);
  });

  test('are configured where that is allowed', async () => {
    const alter = (name: string): string[] => [
      ...['--alter', '--entity-type', 'topics', '--entity-name', named(name), '--add-config', 'retention.ms=3600001'],
    ];
    const [done, denied] = await Promise.all([
      olga('kafka-configs', alter('open.more')),
      olga('kafka-configs', alter('seen')),
    ]);
    expect(said(done)).toContain(`Completed updating config for topic ${named('open.more')}`);
    expect(said(denied)).toMatch(/TopicAuthorizationException/);
    const describing = (name: string): string[] => [
      ...['--describe', '--entity-type', 'topics', '--entity-name', named(name), '--all'],
    ];
    const [own, hidden] = await Promise.all([
      olga('kafka-configs', describing('open.more')),
      olga('kafka-configs', describing('secret')),
    ]);
    expect(said(own)).toContain('retention.ms=3600001');
    expect(said(hidden)).not.toMatch(/retention\.ms=/);
  });
});

describe('the cluster', () => {
  const alterBroker = (config: string): string[] => [
    ...['--alter', '--entity-type', 'brokers', '--entity-name', '1', '--add-config', config],
  ];

  test('shows its brokers at the addresses of the gateway only, and its administration to nobody', async () => {
    const [endpoints, broker, quorum, dirs] = await Promise.all([
      olga('kafka-cluster', ['list-endpoints']),
      olga('kafka-configs', ['--describe', '--entity-type', 'brokers', '--entity-name', '1', '--all']),
      olga('kafka-metadata-quorum', ['describe', '--status']),
      olga('kafka-log-dirs', ['--describe']),
    ]);
    expect(endpoints.exitCode, said(endpoints)).toBe(0);
    expect(said(endpoints)).not.toContain(String(kafka.port));
    for (const denied of [broker, quorum, dirs]) expect(said(denied)).toMatch(/ClusterAuthorizationException/);
    expect(world.recorder.of('deny')).toContainEqual(
      expect.objectContaining({ operation: 'admin', resource: 'cluster', name: 'main', error: 31 }),
    );
  });

  test('is administered under a grant, without a real address and without changing rights', async () => {
    await world.apply(snapshotOf(policies, [administration(policies, systemClock.now() + 600_000)]));
    const [broker, quorum, dirs, features] = await Promise.all([
      olga('kafka-configs', ['--describe', '--entity-type', 'brokers', '--entity-name', '1', '--all']),
      olga('kafka-metadata-quorum', ['describe', '--status']),
      olga('kafka-log-dirs', ['--describe']),
      olga('kafka-features', ['describe']),
    ]);
    expect(said(broker)).toMatch(/log\.retention\.hours=168/);
    expect(said(broker)).toMatch(/advertised\.listeners=null sensitive=true/);
    expect(said(quorum)).toMatch(/LeaderId:\s+1/);
    expect(said(dirs)).toContain(named('open'));
    expect(said(features)).toMatch(/metadata\.version/);
    for (const told of [broker, quorum, dirs, features]) expect(said(told)).not.toContain(`:${kafka.port}`);

    const [threads, jaas, acl, user, token, acls] = await Promise.all([
      olga('kafka-configs', alterBroker('log.cleaner.threads=2')),
      olga('kafka-configs', alterBroker('listener.name.sasl_plaintext.ssl.keystore.type=JKS')),
      olga('kafka-acls', ['--add', '--allow-principal', 'User:olga', '--operation', 'All', '--topic', named('secret')]),
      olga('kafka-configs', [
        ...['--alter', '--entity-type', 'users', '--entity-name', 'olga'],
        ...['--add-config', 'SCRAM-SHA-512=[iterations=4096,password=mine]'],
      ]),
      olga('kafka-delegation-tokens', ['--create', '--max-life-time-period', '-1']),
      olga('kafka-acls', ['--list']),
    ]);
    expect(said(threads)).toContain('Completed updating config for broker 1');
    for (const denied of [jaas, acl, user]) expect(said(denied)).toMatch(/ClusterAuthorizationException/);
    expect(said(token)).toMatch(/DelegationTokenAuthorizationException/);
    expect(said(acls)).toContain('Current ACLs for resource');
    const real = await brokerAdmin('kafka-acls', ['--list', '--topic', named('secret')]);
    expect(said(real)).not.toContain('User:olga');
    expect(world.recorder.of('deny').filter(({ code }) => code === 'NeverAllowed').length).toBeGreaterThan(0);
  });
});
