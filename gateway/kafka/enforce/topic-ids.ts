import type { Operation } from '../../../core/model/resource.ts';
import { KafkaError } from '../wire/error-codes.ts';
import type { FrameContext } from './context.ts';
import type { Need } from './enforcement.ts';
import { denied } from './errors.ts';
import { noTopicId, type TopicRef } from './topic-ref.ts';

/** The ids that have to be asked for before topics can be judged; undefined when all are known or were asked for. */
export function namesNeeded(topicIds: Iterable<string>, context: FrameContext): Need | undefined {
  if (context.asked) return undefined;
  let missing: Set<string> | undefined;
  for (const id of topicIds) {
    if (id === noTopicId || context.topicNames.nameOf(id) !== undefined) continue;
    missing ??= new Set();
    missing.add(id);
  }
  // Who may do nothing at all is told of no name, so none is asked for.
  return missing && context.mayAnything() ? { kind: 'need', topicIds: [...missing] } : undefined;
}

/** The name behind a reference; undefined: an id that no topic has, or had while it was looked. */
export function topicName(topic: TopicRef, byId: boolean, context: FrameContext): string | undefined {
  return byId ? context.topicNames.nameOf(topic.topicId) : topic.name;
}

/** The error that a topic gets: 0 where the operation is allowed, 29 where not, 100 for an id that is unknown. */
export function topicError(operation: Operation, topic: TopicRef, byId: boolean, context: FrameContext): number {
  const name = topicName(topic, byId, context);
  if (name === undefined) return KafkaError.unknownTopicId;
  return context.allows(operation, 'topic', name, denied.topic) ? KafkaError.none : denied.topic;
}
