import { apis } from '../wire/generated/apis.ts';
import {
  type ConsumerGroupDescribeResponseDescribedGroup,
  defaultConsumerGroupDescribeResponse,
  defaultConsumerGroupDescribeResponseDescribedGroup,
} from '../wire/generated/consumer-group-describe.ts';
import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  defaultConsumerGroupHeartbeatResponse,
} from '../wire/generated/consumer-group-heartbeat.ts';
import { withVisibleAssignment } from './assigned-topics.ts';
import { enforcement } from './enforcement.ts';
import { groupDescription } from './group-description.ts';
import { heartbeatError, heartbeatMessage, noteMember } from './group-heartbeat.ts';

/**
 * KIP-848: Read on the group, Describe on every topic that is subscribed to by name. A regex goes on: the broker
 * resolves it under this principal's own user (ADR 0013), and what it assigns is looked at in the answer.
 */
export const consumerGroupHeartbeat = enforcement<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(
  apis.ConsumerGroupHeartbeat,
  {
    min: 0,
    max: 1,
    request(request, _version, context) {
      const errorCode = heartbeatError(request.groupId, request.subscribedTopicNames ?? [], context);
      if (errorCode !== 0) {
        const errorMessage = heartbeatMessage(errorCode);
        return { kind: 'reply', response: { ...defaultConsumerGroupHeartbeatResponse, errorCode, errorMessage } };
      }
      if (request.memberEpoch === 0 || request.rebalanceTimeoutMs !== -1) {
        context.connection.groupMembers.told(request.groupId, request.instanceId !== null);
      }
      noteMember('consumer', request, context);
      return { kind: 'forward', pending: undefined };
    },
    response: (response, _version, _pending, context) => withVisibleAssignment(response, context),
  },
);

export const consumerGroupDescribe = groupDescription(
  apis.ConsumerGroupDescribe,
  defaultConsumerGroupDescribeResponse,
  { min: 0, max: 1, blank: defaultConsumerGroupDescribeResponseDescribedGroup, topicsOf },
);

function topicsOf({ members }: ConsumerGroupDescribeResponseDescribedGroup): string[] {
  return members.flatMap(({ subscribedTopicNames, assignment, targetAssignment }) => [
    ...subscribedTopicNames,
    ...[...assignment.topicPartitions, ...targetAssignment.topicPartitions].map(({ topicName }) => topicName),
  ]);
}
