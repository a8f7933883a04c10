import type { RequestOf, ResponseOf } from '../wire/api.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultHeartbeatResponse } from '../wire/generated/heartbeat.ts';
import { defaultJoinGroupResponse } from '../wire/generated/join-group.ts';
import { defaultLeaveGroupResponse } from '../wire/generated/leave-group.ts';
import { defaultSyncGroupResponse } from '../wire/generated/sync-group.ts';
import type { FrameContext } from './context.ts';
import { enforcement, type RequestOutcome } from './enforcement.ts';
import { denied } from './errors.ts';

/** Read on the group; the classic membership protocol goes on as it is. Subscriptions inside are opaque to brokers too. */
function member<Request extends { readonly groupId: string }, Response extends { readonly errorCode: number }>(
  request: Request,
  refusal: Response,
  context: FrameContext,
): RequestOutcome<Request, Response, undefined> {
  if (context.allows('consume', 'group', request.groupId, denied.group)) return { kind: 'forward', pending: undefined };
  return { kind: 'reply', response: { ...refusal, errorCode: denied.group } };
}

export const joinGroup = enforcement<RequestOf<typeof apis.JoinGroup>, ResponseOf<typeof apis.JoinGroup>>(
  apis.JoinGroup,
  {
    min: 0,
    max: 9,
    request: (request, _version, context) => member(request, defaultJoinGroupResponse, context),
  },
);

export const heartbeat = enforcement<RequestOf<typeof apis.Heartbeat>, ResponseOf<typeof apis.Heartbeat>>(
  apis.Heartbeat,
  {
    min: 0,
    max: 4,
    request: (request, _version, context) => member(request, defaultHeartbeatResponse, context),
  },
);

export const leaveGroup = enforcement<RequestOf<typeof apis.LeaveGroup>, ResponseOf<typeof apis.LeaveGroup>>(
  apis.LeaveGroup,
  {
    min: 0,
    max: 5,
    request(request, _version, context) {
      context.left = request.groupId;
      return member(request, defaultLeaveGroupResponse, context);
    },
  },
);

export const syncGroup = enforcement<RequestOf<typeof apis.SyncGroup>, ResponseOf<typeof apis.SyncGroup>>(
  apis.SyncGroup,
  {
    min: 0,
    max: 5,
    request(request, _version, context) {
      // A static member keeps its place while it is away: it is not for us to end that.
      if (request.groupInstanceId === null) {
        context.joined = { kind: 'classic', groupId: request.groupId, memberId: request.memberId };
      }
      return member(request, defaultSyncGroupResponse, context);
    },
  },
);
