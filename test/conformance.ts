/**
 * What a proxy of Kafka's protocol has to get right, case by case, and the tests that show it. Test titles are told as
 * far as is needed to find one; `clients` are cases of the client matrix (test/clients/cases.ts).
 */
import type { ClientId } from './clients/cases.ts';

export interface ConformanceCase {
  readonly number: number;
  readonly what: string;
  readonly tests: readonly Cover[];
}

export type Cover =
  | { readonly file: string; readonly title: string }
  | { readonly matrix: string; readonly clients: readonly ClientId[] };

const wire = 'test/gateway/kafka/proxy/connection.wire.test.ts';
const faults = 'test/gateway/kafka/proxy/faults.wire.test.ts';
const data = 'test/e2e/kafka-data.e2e.test.ts';
const groups = 'test/e2e/kafka-groups.e2e.test.ts';
const topics = 'test/gateway/kafka/enforce/topic-ids.test.ts';
const records = 'test/gateway/kafka/enforce/records.test.ts';
const codecs = ['codec-none', 'codec-gzip', 'codec-snappy', 'codec-lz4', 'codec-zstd'];
const matrix = (id: string, ...clients: ClientId[]): Cover => ({ matrix: id, clients });
const test = (file: string, title: string): Cover => ({ file, title });

export const conformance: readonly ConformanceCase[] = [
  { number: 1, what: 'Java produces and consumes', tests: [matrix('codec-none', 'java'), matrix('group', 'java')] },
  { number: 2, what: 'kcat produces in every codec', tests: codecs.map((id) => matrix(id, 'kcat')) },
  { number: 3, what: 'kafkajs goes round, without flexible versions', tests: [matrix('codec-none', 'kafkajs')] },
  { number: 4, what: '@platformatic/kafka goes round', tests: [matrix('codec-none', 'platformatic')] },
  { number: 5, what: 'confluent-kafka is idempotent', tests: [matrix('idempotent', 'librdkafka')] },
  { number: 6, what: 'franz-go uses topic ids', tests: [matrix('topic-ids', 'franz-go')] },
  {
    number: 7,
    what: 'Transactions of the first protocol, with a broker of 3.9',
    tests: [matrix('transactions-old', 'java', 'librdkafka', 'franz-go')],
  },
  {
    number: 8,
    what: 'Exactly once in the second protocol',
    tests: [
      test(data, 'Java commits in the second protocol: partitions are added by writing to them'),
      matrix('exactly-once', 'java'),
    ],
  },
  { number: 9, what: 'Consumer groups of KIP-848', tests: [matrix('group-848', 'java', 'librdkafka', 'franz-go')] },
  { number: 10, what: 'Share groups', tests: [matrix('group-share', 'java')] },
  {
    number: 11,
    what: 'Kafka Streams in both protocols',
    tests: [matrix('streams-classic', 'java'), matrix('streams-streams', 'java')],
  },
  {
    number: 12,
    what: 'An unknown version of ApiVersions falls back',
    tests: [test(wire, 'of ApiVersions is answered with 35 in the layout of version 0')],
  },
  {
    number: 13,
    what: 'ApiVersions 5, which names the node that is expected, is not offered',
    tests: [
      test(wire, 'of ApiVersions is answered with 35 in the layout of version 0'),
      test('test/gateway/kafka/enforce/api-notes.test.ts', 'clients are offered the newest version'),
    ],
  },
  {
    number: 14,
    what: 'Produce says minimum 0, so that old librdkafka compresses',
    tests: [
      test(wire, 'of ApiVersions is answered with 35 in the layout of version 0'),
      ...codecs.map((id) => matrix(id, 'kcat')),
    ],
  },
  {
    number: 15,
    what: 'A wrong password is 58, and closes',
    tests: [
      test(wire, 'a wrong token by PLAIN is answered with 58 and closed'),
      matrix('bad-password', 'kcat', 'java'),
    ],
  },
  {
    number: 16,
    what: 'A wrong token is a challenge of RFC 7628 first',
    tests: [
      test(wire, 'a wrong token by OAUTHBEARER is challenged, and refused after the client has said so'),
      matrix('bad-token', 'librdkafka'),
    ],
  },
  { number: 17, what: 'Re-authentication while fetching', tests: [matrix('reauthentication', 'java', 'librdkafka')] },
  {
    number: 18,
    what: 'Re-authentication as somebody else is refused',
    tests: [test(wire, 'a connection may authenticate anew as the same principal, not as another')],
  },
  {
    number: 19,
    what: 'A session that has expired ends',
    tests: [test(wire, 'a token that expires cuts the connection, idle as it may be')],
  },
  {
    number: 20,
    what: 'SCRAM: spoken to brokers, not offered to clients',
    tests: [
      test('test/e2e/kafka-credentials.e2e.test.ts', 'a user can log in at once, does what its rights say'),
      test(wire, 'a mechanism that is not offered is answered with 33 and the list'),
      matrix('scram', 'librdkafka'),
    ],
  },
  {
    number: 21,
    what: 'A handshake of version 0 is followed by bare tokens',
    tests: [test(wire, 'after a handshake of version 0 tokens are bare')],
  },
  { number: 22, what: 'A list of all topics hides what is denied', tests: [matrix('list-topics', 'kcat', 'java')] },
  {
    number: 23,
    what: 'A denied topic by name is 29 without an id',
    tests: [matrix('describe-denied', 'java', 'kafkajs'), test(topics, 'Metadata')],
  },
  {
    number: 24,
    what: 'An unknown topic id is 100',
    tests: [matrix('describe-unknown-id', 'franz-go'), test(data, 'ids that are denied or nobody’s are told apart')],
  },
  { number: 25, what: 'A denied topic is not created on the way', tests: [matrix('no-auto-create', 'java', 'kcat')] },
  {
    number: 26,
    what: 'Allowed and denied topics in one produce request',
    tests: [matrix('produce-mixed', 'java'), test(records, 'denied partitions')],
  },
  {
    number: 27,
    what: 'A denial without acknowledgement closes',
    tests: [
      matrix('produce-acks0-denied', 'kcat'),
      test(wire, 'without acknowledgement a denial closes the connection, and nothing reaches the broker'),
    ],
  },
  {
    number: 28,
    what: 'A full fetch with denied partitions is complete',
    tests: [matrix('read-mixed', 'java'), test(records, 'denied partitions come back with 29 and nothing else')],
  },
  { number: 29, what: 'Empty fetches stay long polls', tests: [matrix('idle', 'java', 'platformatic')] },
  { number: 30, what: 'After a revocation no record comes', tests: [matrix('revoked', 'java', 'franz-go')] },
  {
    number: 31,
    what: 'A fetch session is of use to its connection only',
    tests: [test(data, 'a fetch session outlives a right that goes and comes back, and is nobody else’s')],
  },
  {
    number: 32,
    what: 'A topic that is made anew has another id',
    tests: [
      matrix('recreated', 'java', 'librdkafka'),
      test(data, 'a topic that is made anew has another id; the old one is refused by the broker'),
    ],
  },
  {
    number: 33,
    what: 'Leaders move, and the addresses of the new ones are the gateway’s',
    tests: [
      test('test/e2e/brokers-move.e2e.test.ts', 'clients follow when leaders move'),
      test(records, 'endpoints of other leaders are ours'),
    ],
  },
  {
    number: 34,
    what: 'Coordinators of allowed and denied groups at once',
    tests: [matrix('describe-groups', 'franz-go')],
  },
  {
    number: 35,
    what: 'Groups are listed and described as far as they may be',
    tests: [test(groups, 'lists and describes what may be described'), matrix('list-groups', 'java')],
  },
  {
    number: 36,
    what: 'AddPartitionsToTxn 4 is for brokers',
    tests: [test(wire, 'AddPartitionsToTxn of version 4, which brokers send each other')],
  },
  {
    number: 37,
    what: 'Masked batches have the right checksum in every codec',
    tests: [matrix('masked', 'franz-go', 'java')],
  },
  {
    number: 38,
    what: 'A cut batch leaks nothing, and control batches stay as they are',
    tests: [test(records, 'batches; control batches pass, a cut one at the end does not')],
  },
  {
    number: 39,
    what: 'Local denials keep the order of requests',
    tests: [test(wire, 'answers keep the order of the requests, a local denial behind a slow broker')],
  },
  {
    number: 40,
    what: 'Frames, arrays, tags and batches without end close the connection and take no memory',
    tests: [
      test(wire, 'a frame of 2 GB'),
      test(wire, 'a tag count of two billion'),
      test(wire, 'a decompression bomb on a masked topic is refused, in bounded memory'),
      test(faults, 'close the connection, and take no memory'),
    ],
  },
];
