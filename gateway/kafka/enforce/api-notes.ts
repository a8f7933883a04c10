import type { Operation, ResourceKind } from '../../../core/model/resource.ts';
import type { apis } from '../wire/generated/apis.ts';

/** What is decided for one frame of an API: an Operation on something that it names. */
export type Needed = `${Operation} ${ResourceKind}`;

/**
 * What the table does with an API, for the reference page. A test holds `needs` and `errors` against what the
 * enforcement really asks and answers.
 */
export interface ApiNote {
  /**
   * `judged`: by the names in it. `administration`: of the whole cluster. `never`: refused whoever asks. `unread`: goes
   * on as it is. `own`: answered by the gateway.
   */
  readonly class: 'judged' | 'administration' | 'never' | 'unread' | 'own';
  /** Every decision that may be asked for. What only filters a listing is told in `does`. */
  readonly needs: readonly Needed[];
  /** Error codes that Sluice gives by itself. */
  readonly errors: readonly number[];
  readonly does: string;
}

type ApiName = keyof typeof apis;

const each = 'Each item gets its own code; the others go on.';
const ids = 'Topics that come by id are judged by name; an id that no topic has gets 100.';
const addresses = 'Addresses of brokers are those of the gateway.';
const hidden = 'A group that names a topic which may not be described is answered with 29 and nothing in it.';
const administration = { class: 'administration', needs: ['admin cluster'], errors: [31] } as const;
const never = { class: 'never', needs: [], errors: [31] } as const;
const token = { class: 'never', needs: [], errors: [65] } as const;

/** By the names that the codecs have. */
export const apiNotes: Readonly<Record<ApiName, ApiNote>> = {
  Produce: {
    class: 'judged',
    needs: ['produce topic', 'produce transactionalId'],
    errors: [29, 53, 87, 100],
    does: `${each} ${ids} Masks are put on; a batch that cannot be masked gets 87. A transaction needs its transactional id, else 53 everywhere. With acks=0 a denial closes the connection. ${addresses}`,
  },
  Fetch: {
    class: 'judged',
    needs: ['consume topic'],
    errors: [29, 70, 100, 106],
    does: `Denied partitions stand in every answer without records. ${ids} Masks are put on; what cannot be masked gets 29. A fetch session belongs to its connection. Access is looked at again when the answer arrives. ${addresses}`,
  },
  ListOffsets: { class: 'judged', needs: ['describe topic'], errors: [29], does: each },
  Metadata: {
    class: 'judged',
    needs: ['describe topic'],
    errors: [29, 100],
    does: `A list of all topics shows those that may be described. By id 29 comes without the name. No topic is created unless all that are named may be (create). ${addresses}`,
  },
  OffsetCommit: {
    class: 'judged',
    needs: ['consume group', 'consume topic'],
    errors: [29, 30, 100],
    does: `${each} ${ids}`,
  },
  OffsetFetch: {
    class: 'judged',
    needs: ['describe group', 'describe topic'],
    errors: [29, 30, 100],
    does: `${each} ${ids} All topics of a group are those that may be described.`,
  },
  FindCoordinator: {
    class: 'judged',
    needs: ['describe group', 'describe transactionalId'],
    errors: [15, 30, 31, 53],
    does: `${each} Partitions of share groups are looked for by brokers only: 31. ${addresses}`,
  },
  JoinGroup: {
    class: 'judged',
    needs: ['consume group'],
    errors: [30],
    does: 'What members tell each other inside is opaque to brokers, and to Sluice. Each fetch is judged by itself.',
  },
  Heartbeat: { class: 'judged', needs: ['consume group'], errors: [30], does: 'Goes on as it is.' },
  LeaveGroup: { class: 'judged', needs: ['consume group'], errors: [30], does: 'Goes on as it is.' },
  SyncGroup: {
    class: 'judged',
    needs: ['consume group'],
    errors: [30],
    does: 'Goes on as it is. A client that is cut is taken out of its group, unless it is a static member.',
  },
  DescribeGroups: { class: 'judged', needs: ['describe group'], errors: [30], does: each },
  ListGroups: { class: 'judged', needs: [], errors: [], does: 'Shows groups that may be described; never fails.' },
  SaslHandshake: { class: 'own', needs: [], errors: [33, 34], does: 'The login at the gateway.' },
  ApiVersions: {
    class: 'own',
    needs: [],
    errors: [35, 42],
    does: 'What this table and the broker have in common. transaction.version is left out where a broker is too old for it.',
  },
  CreateTopics: { class: 'judged', needs: ['create topic'], errors: [29], does: each },
  DeleteTopics: {
    class: 'judged',
    needs: ['delete topic'],
    errors: [29, 100],
    does: `${each} ${ids} By id a denied topic keeps its name to itself unless it may be described.`,
  },
  DeleteRecords: { class: 'judged', needs: ['delete topic'], errors: [29], does: each },
  InitProducerId: {
    class: 'judged',
    needs: ['produce transactionalId'],
    errors: [31, 53],
    does: 'Without a transactional id it needs produce on some topic, else 31. Two-phase commit (version 6) is not offered.',
  },
  OffsetForLeaderEpoch: { class: 'judged', needs: ['describe topic'], errors: [29], does: each },
  AddPartitionsToTxn: {
    class: 'judged',
    needs: ['produce transactionalId', 'produce topic'],
    errors: [29, 53, 55],
    does: 'One denied topic keeps the others from being added: 55. Version 4 and later are for brokers among themselves.',
  },
  AddOffsetsToTxn: {
    class: 'judged',
    needs: ['produce transactionalId', 'consume group'],
    errors: [30, 53],
    does: 'Goes on as it is.',
  },
  EndTxn: {
    class: 'judged',
    needs: ['produce transactionalId'],
    errors: [53],
    does: 'Goes on as it is. What a client that is cut had open is aborted.',
  },
  WriteTxnMarkers: { ...administration, does: 'Ends hanging transactions.' },
  TxnOffsetCommit: {
    class: 'judged',
    needs: ['produce transactionalId', 'consume group', 'consume topic'],
    errors: [29, 30, 53, 100],
    does: `${each} ${ids}`,
  },
  DescribeAcls: { ...administration, does: 'Goes on as it is.' },
  CreateAcls: { ...never, does: 'Rights are changed in the policy repo only. The attempt is recorded.' },
  DeleteAcls: { ...never, does: 'Rights are changed in the policy repo only. The attempt is recorded.' },
  DescribeConfigs: {
    class: 'judged',
    needs: ['describe topic', 'describe group', 'admin cluster'],
    errors: [29, 30, 31, 42],
    does: `${each} Topics and groups by their own right; brokers, loggers and metrics subscriptions are an administrator's. Whatever tells where brokers are (listeners, voters, anything that looks like an address) comes without its value.`,
  },
  AlterConfigs: {
    class: 'judged',
    needs: ['alter topic', 'alter group', 'admin cluster'],
    errors: [29, 30, 31, 42],
    does: `${each} Brokers are refused to everybody: what such a request does not name is reset.`,
  },
  AlterReplicaLogDirs: { ...administration, does: 'Goes on as it is.' },
  DescribeLogDirs: {
    ...administration,
    does: 'Goes on as it is, names of all topics included. Versions before 3 have no place for the code and answer with nothing.',
  },
  SaslAuthenticate: { class: 'own', needs: [], errors: [34, 58], does: 'The login at the gateway, and its renewal.' },
  CreatePartitions: { class: 'judged', needs: ['alter topic'], errors: [29], does: each },
  CreateDelegationToken: { ...token, does: 'Would be a credential that goes around the gateway.' },
  RenewDelegationToken: { ...token, does: 'See CreateDelegationToken.' },
  ExpireDelegationToken: { ...token, does: 'See CreateDelegationToken.' },
  DescribeDelegationToken: { ...token, does: 'The answer would hold the secrets of tokens.' },
  DeleteGroups: { class: 'judged', needs: ['delete group'], errors: [30], does: each },
  ElectLeaders: { ...administration, does: 'Goes on as it is.' },
  IncrementalAlterConfigs: {
    class: 'judged',
    needs: ['alter topic', 'alter group', 'admin cluster'],
    errors: [29, 30, 31, 42],
    does: `${each} On brokers, what decides where they listen, whom they trust and which code they load is refused to administrators too.`,
  },
  AlterPartitionReassignments: { ...administration, does: 'Goes on as it is.' },
  ListPartitionReassignments: { ...administration, does: 'Goes on as it is, names of all topics included.' },
  OffsetDelete: { class: 'judged', needs: ['offsets group', 'offsets topic'], errors: [29, 30], does: each },
  DescribeClientQuotas: { ...administration, does: 'Goes on as it is.' },
  AlterClientQuotas: { ...administration, does: 'Goes on as it is.' },
  DescribeUserScramCredentials: { ...administration, does: 'Goes on as it is; it holds no password.' },
  AlterUserScramCredentials: { ...never, does: 'Would be a credential that goes around the gateway.' },
  DescribeQuorum: { ...administration, does: 'Without the addresses of controllers.' },
  UpdateFeatures: { ...administration, does: 'Goes on as it is.' },
  DescribeCluster: {
    class: 'own',
    needs: [],
    errors: [115],
    does: 'The brokers at the addresses of the gateway. Controllers are not described: 115.',
  },
  DescribeProducers: { class: 'judged', needs: ['consume topic'], errors: [29], does: each },
  UnregisterBroker: { ...administration, does: 'Goes on as it is.' },
  DescribeTransactions: {
    class: 'judged',
    needs: ['describe transactionalId'],
    errors: [53],
    does: `${each} Topics that may not be described are left out.`,
  },
  ListTransactions: {
    class: 'judged',
    needs: [],
    errors: [],
    does: 'Shows transactional ids that may be described; never fails.',
  },
  ConsumerGroupHeartbeat: {
    class: 'judged',
    needs: ['consume group', 'describe topic'],
    errors: [29, 30],
    does: "One topic that may not be described refuses the whole heartbeat. A regex is resolved by the broker with the principal's rights (ADR 0013); assignments come without topics that may not be described.",
  },
  ConsumerGroupDescribe: { class: 'judged', needs: ['describe group'], errors: [29, 30], does: `${each} ${hidden}` },
  GetTelemetrySubscriptions: {
    class: 'unread',
    needs: [],
    errors: [31],
    does: 'Goes on where the broker has a plugin for it; 31 for one who has no right at all.',
  },
  PushTelemetry: { class: 'unread', needs: [], errors: [31], does: 'See GetTelemetrySubscriptions.' },
  ListConfigResources: { ...administration, does: 'Goes on as it is, names of all topics and groups included.' },
  DescribeTopicPartitions: {
    class: 'judged',
    needs: ['describe topic'],
    errors: [29],
    does: `${each} A list of all topics shows those that may be described; a cursor names no other.`,
  },
  ShareGroupHeartbeat: {
    class: 'judged',
    needs: ['consume group', 'describe topic'],
    errors: [29, 30],
    does: 'One topic that may not be described refuses the whole heartbeat.',
  },
  ShareGroupDescribe: { class: 'judged', needs: ['describe group'], errors: [29, 30], does: `${each} ${hidden}` },
  ShareFetch: {
    class: 'judged',
    needs: ['consume group', 'consume topic'],
    errors: [29, 30, 42, 100, 122, 133],
    does: `As Fetch. A share session belongs to its connection, else 122; at most 64 of them and 100,000 partitions, else 133. ${addresses}`,
  },
  ShareAcknowledge: {
    class: 'judged',
    needs: ['consume group', 'consume topic'],
    errors: [29, 30, 42, 100, 122, 123],
    does: `${each} ${addresses}`,
  },
  AddRaftVoter: { ...administration, does: 'Goes on as it is.' },
  RemoveRaftVoter: { ...administration, does: 'Goes on as it is.' },
  StreamsGroupHeartbeat: {
    class: 'judged',
    needs: ['consume group', 'describe topic', 'create topic'],
    errors: [29, 30, 130],
    does: 'Every topic of the topology has to be describable, its internal topics creatable, else the whole heartbeat is refused. Regexes in it are refused with 130.',
  },
  StreamsGroupDescribe: { class: 'judged', needs: ['describe group'], errors: [29, 30], does: `${each} ${hidden}` },
  DescribeShareGroupOffsets: {
    class: 'judged',
    needs: ['describe group', 'describe topic'],
    errors: [29, 30],
    does: `${each} All topics of a group are those that may be described.`,
  },
  AlterShareGroupOffsets: { class: 'judged', needs: ['offsets group', 'offsets topic'], errors: [29, 30], does: each },
  DeleteShareGroupOffsets: { class: 'judged', needs: ['offsets group', 'offsets topic'], errors: [29, 30], does: each },
  StreamsGroupTopologyDescriptionUpdate: {
    class: 'judged',
    needs: ['consume group'],
    errors: [30],
    does: 'Goes on as it is.',
  },
  UnregisterController: { ...administration, does: 'Goes on as it is.' },
};
