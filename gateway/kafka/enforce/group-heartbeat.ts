import type { FrameContext, Membership } from './context.ts';
import { denied } from './errors.ts';

/** What the heartbeats of KIP-848 and the protocols made after it have in common. */
export interface Heartbeat {
  readonly groupId: string;
  readonly memberId: string;
  /** 0 joins, a negative one leaves. */
  readonly memberEpoch: number;
}

/**
 * Read on the group, else 30; Describe on every topic that is subscribed to, else 29 for the whole heartbeat, which has
 * no place for more than one error.
 */
export function heartbeatError(groupId: string, topics: Iterable<string>, context: FrameContext): number {
  if (!context.allows('consume', 'group', groupId, denied.group)) return denied.group;
  let error = 0;
  for (const topic of topics) if (!context.allows('describe', 'topic', topic, denied.topic)) error = denied.topic;
  return error;
}

/** What the client is told beside a heartbeat's error. */
export function heartbeatMessage(error: number): string {
  return error === denied.group
    ? 'Sluice: this group may not be used.'
    : 'Sluice: some topic of this group may not be described.';
}

/** Keeps who is a member, so that a client that is cut can be taken out of its groups. A static member stays in. */
export function noteMember(
  kind: Membership['kind'],
  { groupId, memberId, memberEpoch }: Heartbeat,
  context: FrameContext,
): void {
  if (memberEpoch < 0) context.left = groupId;
  else if (memberId !== '' && context.connection.groupMembers.isDynamic(groupId)) {
    context.joined = { kind, groupId, memberId };
  }
}
