import { apis } from '../wire/generated/apis.ts';
import {
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
  type DescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic,
  defaultDescribeTopicPartitionsResponse,
  defaultDescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic,
} from '../wire/generated/describe-topic-partitions.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied, operationsNotTold } from './errors.ts';

type Topic = DescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic;
type Cursor = DescribeTopicPartitionsResponse['nextCursor'];

/** The least text behind another one. */
const least = '\u0000';

interface Pending {
  readonly refused: readonly string[];
  /** Topics were asked for by name. */
  readonly named: boolean;
}

/**
 * Describe on every topic, else 29 there, as Metadata; a list of all shows those that may be described. Topics come in
 * the order of their names, in pages, from the cursor's on: a cursor of the broker that names a hidden topic is moved
 * before it, behind the last one that is shown. Where a page shows nothing there is no such place, and the list ends.
 */
export const describeTopicPartitions = enforcement<
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
  Pending
>(apis.DescribeTopicPartitions, {
  min: 0,
  max: 0,
  request(request, _version, context) {
    if (request.topics.length === 0) {
      if (!context.access.hasRights()) return { kind: 'reply', response: defaultDescribeTopicPartitionsResponse };
      return { kind: 'forward', pending: { refused: [], named: false } };
    }
    const from = request.cursor?.topicName ?? '';
    const refused: string[] = [];
    const topics = request.topics.filter(({ name }) => {
      if (name < from) return false; // was on an earlier page: the broker would leave it out too
      if (context.allows('describe', 'topic', name, denied.topic)) return true;
      refused.push(name);
      return false;
    });
    if (topics.length === 0) {
      return { kind: 'reply', response: { ...defaultDescribeTopicPartitionsResponse, topics: refused.map(refusal) } };
    }
    if (topics.length === request.topics.length) return { kind: 'forward', pending: { refused, named: true } };
    return { kind: 'send', request: { ...request, topics }, pending: { refused, named: true } };
  },
  response(response, _version, pending, context) {
    const topics = response.topics.flatMap((topic) => shown(topic, pending.named, context));
    return {
      kind: 'send',
      response: {
        ...response,
        topics: [...topics, ...pending.refused.map(refusal)],
        nextCursor: visible(response.nextCursor, topics, context),
      },
    };
  },
});

function shown(topic: Topic, named: boolean, context: FrameContext): Topic[] {
  const { name } = topic;
  if (name === null) return [];
  if (context.sees('describe', 'topic', name)) return [{ ...topic, topicAuthorizedOperations: operationsNotTold }];
  return named ? [refusal(name)] : [];
}

function refusal(name: string): Topic {
  const blank = defaultDescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic;
  return { ...blank, errorCode: denied.topic, name };
}

function visible(cursor: Cursor, topics: readonly Topic[], context: FrameContext): Cursor {
  if (cursor === null || context.sees('describe', 'topic', cursor.topicName)) return cursor;
  const last = topics
    .filter(({ errorCode }) => errorCode !== denied.topic)
    .map(({ name }) => name ?? '')
    .sort()
    .at(-1);
  return last === undefined ? null : { topicName: last + least, partitionIndex: 0 };
}
