import type { FrameContext } from './context.ts';
import type { Need } from './enforcement.ts';
import { namesNeeded } from './topic-ids.ts';

interface Assignment {
  readonly topicPartitions: readonly { readonly topicId: string }[];
}

/**
 * An assignment without the topics that may not be described now: a regex is resolved under the broker's ACLs, which do
 * not know of hours and denials. An id that has no name is left in: ids are no secret, and whatever is asked with one
 * later is judged by its name.
 */
export function visibleAssignment<A extends Assignment>(assignment: A, context: FrameContext): A | Need {
  const need = namesNeeded(
    assignment.topicPartitions.map(({ topicId }) => topicId),
    context,
  );
  if (need) return need;
  const topicPartitions = assignment.topicPartitions.filter(({ topicId }) => {
    const name = context.topicNames.nameOf(topicId);
    return name === undefined || context.sees('describe', 'topic', name);
  });
  return topicPartitions.length === assignment.topicPartitions.length ? assignment : { ...assignment, topicPartitions };
}

/** The answer to a heartbeat with an assignment that was looked at. */
export function withVisibleAssignment<R extends { readonly assignment: Assignment | null }>(
  response: R,
  context: FrameContext,
): { readonly kind: 'forward' } | { readonly kind: 'send'; readonly response: R } | Need {
  if (response.assignment === null) return { kind: 'forward' };
  const assignment = visibleAssignment(response.assignment, context);
  if ('kind' in assignment) return assignment;
  return assignment === response.assignment
    ? { kind: 'forward' }
    : { kind: 'send', response: { ...response, assignment } };
}
