/** The one table of the client matrix: clients, cases, and what is not to be had. docs/reference/clients.md is written from it. */

export type ClientId = 'java' | 'librdkafka' | 'kcat' | 'franz-go' | 'kafkajs' | 'platformatic';

export interface MatrixClient {
  readonly id: ClientId;
  readonly name: string;
  /** As the client itself says. */
  readonly version: string;
  readonly what: string;
}

export const clients: readonly MatrixClient[] = [
  { id: 'java', name: 'Java', version: '4.3.1', what: 'kafka-clients and kafka-streams of Apache Kafka' },
  { id: 'librdkafka', name: 'librdkafka', version: '2.16.0', what: 'in confluent-kafka 2.16.1 for Python' },
  { id: 'kcat', name: 'kcat', version: '1.7.1', what: 'with the old librdkafka 2.0.2, as Debian 12 has it' },
  { id: 'franz-go', name: 'franz-go', version: '1.22.3', what: 'with kadm 1.20.0' },
  { id: 'kafkajs', name: 'kafkajs', version: '2.2.4', what: 'snappy, lz4 and zstd by codecs that its user plugs in' },
  { id: 'platformatic', name: '@platformatic/kafka', version: '2.12.1', what: 'for Node' },
];

/** What a client says itself where Kafka has a name for it. */
export const ownWords: Partial<Readonly<Record<ClientId, Readonly<Record<string, string>>>>> = {
  librdkafka: { SASL_AUTHENTICATION_FAILED: '_AUTHENTICATION', UNSUPPORTED_SASL_MECHANISM: '_AUTHENTICATION' },
  kafkajs: { GROUP_AUTHORIZATION_FAILED: 'KafkaJSGroupCoordinatorNotFound' },
};

export interface MatrixCase {
  readonly id: string;
  readonly title: string;
  /** What has to happen, for the reference page. */
  readonly means: string;
  /** Why a client has no such case: what it lacks itself. */
  readonly lacking?: Partial<Readonly<Record<ClientId, string>>>;
  /** What fails for a reason of the client's own. It is run, and has to fail as it says. */
  readonly red?: Partial<Readonly<Record<ClientId, Red>>>;
}

export interface Red {
  readonly why: string;
  /** What the failure has to say. */
  readonly says: string | RegExp;
}

const challenge = 'takes the challenge of RFC 7628 for success, and finds its connection closed';
const allGroups = 'fails the whole call when one group is denied';
const cli = 'a command line tool without such a command';
const noFlexible = 'kafkajs ends at Kafka 2.x protocol versions';
const secondProducer: Red = {
  why: 'a second producer with a transactional id is fenced, gives up while the first transaction is being ended, or what it writes is acknowledged and lost, at a broker itself too',
  says: /PRODUCER_FENCED|CONCURRENT_TRANSACTIONS|expected \[ 'one' \] to deeply equal \[ 'one', 'two' \]/,
};
const onlyJavaStreams = 'Kafka Streams is a Java library';

export const cases: readonly MatrixCase[] = [
  ...(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const).map((codec) => ({
    id: `codec-${codec}`,
    title: codec === 'none' ? 'Round trip, not compressed' : `Round trip, ${codec}`,
    means: 'Records are written and read; the broker holds batches of that codec.',
  })),
  { id: 'tls', title: 'TLS', means: 'Records are written and read through the TLS listener.' },
  {
    id: 'oauthbearer',
    title: 'OAUTHBEARER',
    means: 'The client gets a token from the issuer and logs in with it.',
    lacking: { kcat: 'its librdkafka 2.0.2 is built without OIDC, and the tool takes no token' },
  },
  {
    id: 'reauthentication',
    title: 'Re-authentication while reading',
    means: `A token of 10 seconds; records keep coming for 16, on connections that were authenticated again.`,
    lacking: { kcat: 'its librdkafka 2.0.2 is built without OIDC, and the tool takes no token' },
  },
  {
    id: 'bad-password',
    title: 'PLAIN with a wrong password',
    means: 'An authentication error, within 10 seconds.',
  },
  {
    id: 'bad-token',
    title: 'OAUTHBEARER with a wrong token',
    means: 'An authentication error, within 10 seconds.',
    lacking: { kcat: 'its librdkafka 2.0.2 is built without OIDC, and the tool takes no token' },
    red: {
      kafkajs: { why: challenge, says: 'KafkaJSConnectionClosedError' },
      platformatic: { why: challenge, says: 'PLT_KFK_MULTIPLE' },
    },
  },
  {
    id: 'scram',
    title: 'SCRAM, which the gateway does not offer',
    means: 'An error of the login, within 10 seconds.',
  },
  {
    id: 'idempotent',
    title: 'Idempotent producer',
    means: 'Records are written with a producer id.',
  },
  {
    id: 'transactions',
    title: 'Transactions',
    means: 'Committed records are read by a reader of committed ones, aborted records are not.',
    lacking: { kcat: cli },
    red: { platformatic: secondProducer },
  },
  {
    id: 'transactions-old',
    title: 'Transactions at Kafka 3.9',
    means: 'The same, in front of an old broker: partitions are added before they are written to.',
    lacking: { kcat: cli },
    red: { platformatic: secondProducer },
  },
  {
    id: 'exactly-once',
    title: 'Read, write and commit offsets in transactions',
    means: 'Every record arrives once, and the offsets are the group’s.',
    lacking: { kcat: cli },
  },
  { id: 'group', title: 'Consumer group, classic protocol', means: 'A member reads what is allowed.' },
  {
    id: 'group-848',
    title: 'Consumer group of KIP-848',
    means: 'A member reads what is allowed.',
    lacking: { kcat: 'librdkafka 2.0.2 is older than the protocol', kafkajs: 'not implemented by kafkajs' },
  },
  {
    id: 'group-share',
    title: 'Share group',
    means: 'A member reads what is allowed.',
    lacking: {
      kcat: 'librdkafka 2.0.2 is older than the protocol',
      kafkajs: 'not implemented by kafkajs',
      platformatic: 'not implemented by @platformatic/kafka',
    },
  },
  {
    id: 'group-denied',
    title: 'A group that is denied',
    means: 'GROUP_AUTHORIZATION_FAILED, without a storm of requests.',
  },
  ...(['classic', 'streams'] as const).map((protocol) => ({
    id: `streams-${protocol}`,
    title: `Kafka Streams, ${protocol} protocol`,
    means: 'A count, exactly once, with a repartition topic and a changelog.',
    lacking: Object.fromEntries(
      clients.filter(({ id }) => id !== 'java').map(({ id }) => [id, onlyJavaStreams]),
    ) as Partial<Record<ClientId, string>>,
  })),
  {
    id: 'list-topics',
    title: 'Topics are listed',
    means: 'What is allowed is there, what is denied is not.',
  },
  {
    id: 'describe-denied',
    title: 'A denied topic is asked for by name',
    means: 'TOPIC_AUTHORIZATION_FAILED.',
  },
  {
    id: 'describe-unknown-id',
    title: 'An unknown topic is asked for by id',
    means: 'UNKNOWN_TOPIC_ID.',
    lacking: {
      librdkafka: 'its API takes names only',
      kcat: cli,
      kafkajs: noFlexible,
      platformatic: 'its API takes names only',
    },
  },
  {
    id: 'list-groups',
    title: 'Groups are listed',
    means: 'What is allowed is there, what is denied is not.',
    lacking: { kcat: cli },
  },
  {
    id: 'describe-groups',
    title: 'An allowed and a denied group are described at once',
    means: 'The one is described, the other GROUP_AUTHORIZATION_FAILED.',
    lacking: { kcat: cli },
    red: {
      kafkajs: { why: allGroups, says: 'KafkaJSGroupCoordinatorNotFound' },
      platformatic: { why: allGroups, says: 'GROUP_AUTHORIZATION_FAILED' },
    },
  },
  {
    id: 'produce-denied',
    title: 'Writing to a topic that may only be described',
    means: 'TOPIC_AUTHORIZATION_FAILED, without a storm of requests.',
  },
  {
    id: 'produce-mixed',
    title: 'Writing to an allowed and a denied topic at once',
    means: 'The one is written, the other TOPIC_AUTHORIZATION_FAILED.',
    lacking: { kcat: 'writes to one topic at a time' },
  },
  {
    id: 'produce-acks0-denied',
    title: 'Writing to a denied topic without acknowledgements',
    means: 'Nothing is written; the gateway closes the connection, as brokers do.',
  },
  {
    id: 'no-auto-create',
    title: 'Writing to a denied topic that does not exist',
    means: 'Refused, and the topic is not created.',
  },
  {
    id: 'read-denied',
    title: 'Reading a topic that may only be described',
    means: 'TOPIC_AUTHORIZATION_FAILED, without a storm of requests.',
  },
  {
    id: 'read-mixed',
    title: 'Reading an allowed and a denied topic at once',
    means: 'The records of the one, and TOPIC_AUTHORIZATION_FAILED for the other.',
    lacking: { kcat: 'reads one topic at a time without a group' },
    red: {
      kafkajs: {
        why: 'ends the whole consumer when one topic is denied',
        says: "expected [] to deeply equal [ 'one', 'two' ]",
      },
      platformatic: {
        why: 'ends the whole stream when one topic is denied',
        says: "expected [] to deeply equal [ 'one', 'two' ]",
      },
    },
  },
  {
    id: 'idle',
    title: 'Waiting at the end of a topic',
    means: 'Fetches are long polls: no more than the client’s own waiting time asks for.',
  },
  {
    id: 'revoked',
    title: 'Access is revoked while reading',
    means: 'No record that was written after the cut, and an error.',
  },
  {
    id: 'recreated',
    title: 'A topic is deleted and made anew',
    means: 'The client writes to it and reads from it again.',
    red: {
      'franz-go': {
        why: 'never takes the new id of a topic that it knows: it says UNKNOWN_TOPIC_ID until the topic is purged',
        says: 'UNKNOWN_TOPIC_ID',
      },
      platformatic: { why: 'ends the stream when its topic is gone', says: 'UNKNOWN_TOPIC_OR_PARTITION' },
    },
  },
  {
    id: 'topic-ids',
    title: 'Topic ids',
    means: 'Produce 13 and Fetch 18 are used.',
    lacking: {
      librdkafka: 'ends at Produce 10 and Fetch 16',
      kcat: 'its librdkafka is older',
      kafkajs: noFlexible,
      platformatic: 'ends at Produce 11 and Fetch 17',
    },
  },
  {
    id: 'masked',
    title: 'Masked records, all codecs',
    means: 'Values are masked, and the client finds the checksums right where it checks them.',
  },
];
