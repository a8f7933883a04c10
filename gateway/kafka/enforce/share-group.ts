import { apis } from '../wire/generated/apis.ts';
import {
  defaultShareGroupDescribeResponse,
  defaultShareGroupDescribeResponseDescribedGroup,
} from '../wire/generated/share-group-describe.ts';
import {
  defaultShareGroupHeartbeatResponse,
  type ShareGroupHeartbeatRequest,
  type ShareGroupHeartbeatResponse,
} from '../wire/generated/share-group-heartbeat.ts';
import { withVisibleAssignment } from './assigned-topics.ts';
import { enforcement } from './enforcement.ts';
import { groupDescription } from './group-description.ts';
import { heartbeatError, heartbeatMessage, noteMember } from './group-heartbeat.ts';

/** KIP-932: Read on the group, Describe on every topic that is subscribed to. Share groups have no static members. */
export const shareGroupHeartbeat = enforcement<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(
  apis.ShareGroupHeartbeat,
  {
    min: 1,
    max: 1,
    request(request, _version, context) {
      const errorCode = heartbeatError(request.groupId, request.subscribedTopicNames ?? [], context);
      if (errorCode !== 0) {
        const errorMessage = heartbeatMessage(errorCode);
        return { kind: 'reply', response: { ...defaultShareGroupHeartbeatResponse, errorCode, errorMessage } };
      }
      context.connection.groupMembers.told(request.groupId, false);
      noteMember('share', request, context);
      return { kind: 'forward', pending: undefined };
    },
    response: (response, _version, _pending, context) => withVisibleAssignment(response, context),
  },
);

export const shareGroupDescribe = groupDescription(apis.ShareGroupDescribe, defaultShareGroupDescribeResponse, {
  min: 1,
  max: 1,
  blank: defaultShareGroupDescribeResponseDescribedGroup,
  topicsOf: ({ members }) =>
    members.flatMap(({ subscribedTopicNames, assignment }) => [
      ...subscribedTopicNames,
      ...assignment.topicPartitions.map(({ topicName }) => topicName),
    ]),
});
