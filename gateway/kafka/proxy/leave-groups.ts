import type { CleanupEvent } from '../../../core/audit/event.ts';
import { SluiceError } from '../../../core/errors/sluice-error.ts';
import type { Membership } from '../enforce/context.ts';
import type { BrokerConnection } from '../upstream/broker-connection.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultConsumerGroupHeartbeatRequest } from '../wire/generated/consumer-group-heartbeat.ts';
import { defaultLeaveGroupRequest } from '../wire/generated/leave-group.ts';
import { defaultShareGroupHeartbeatRequest } from '../wire/generated/share-group-heartbeat.ts';
import { defaultStreamsGroupHeartbeatRequest } from '../wire/generated/streams-group-heartbeat.ts';

/** The member epoch that says: I leave, and do not come back (KIP-848, KIP-932, KIP-1071). */
const leaving = { memberEpoch: -1 } as const;

type Leave = (connection: BrokerConnection, groupId: string, memberId: string) => Promise<{ errorCode: number }>;

/** How a member leaves, in a version that every broker has which knows that kind of group (3.9 to 4.4). */
const leaveBy: Readonly<Record<Membership['kind'], Leave>> = {
  classic: (connection, groupId, memberId) =>
    connection.request(apis.LeaveGroup, 2, { ...defaultLeaveGroupRequest, groupId, memberId }),
  consumer: (connection, groupId, memberId) =>
    connection.request(apis.ConsumerGroupHeartbeat, 0, {
      ...defaultConsumerGroupHeartbeatRequest,
      ...leaving,
      groupId,
      memberId,
    }),
  share: (connection, groupId, memberId) =>
    connection.request(apis.ShareGroupHeartbeat, 1, {
      ...defaultShareGroupHeartbeatRequest,
      ...leaving,
      groupId,
      memberId,
    }),
  streams: (connection, groupId, memberId) =>
    connection.request(apis.StreamsGroupHeartbeat, 0, {
      ...defaultStreamsGroupHeartbeatRequest,
      ...leaving,
      groupId,
      memberId,
    }),
};

/**
 * Ends memberships that a client was cut from, so that its groups need not wait for their session timeout. Never
 * rejects; tells the audit log how each went.
 */
export async function leaveGroups(
  connect: () => Promise<BrokerConnection>,
  memberships: readonly Membership[],
  audit: (event: CleanupEvent) => void,
): Promise<void> {
  let connection: BrokerConnection | undefined;
  let failure: string | undefined;
  try {
    connection = await connect();
  } catch (error) {
    failure = codeOf(error);
  }
  for (const { kind, groupId, memberId } of memberships) {
    let code = failure;
    try {
      const answer = connection && (await leaveBy[kind](connection, groupId, memberId));
      if (answer && answer.errorCode !== 0) code = 'BrokerRefused';
    } catch (error) {
      code = codeOf(error);
    }
    audit({
      kind: 'cleanup',
      what: 'leave_group',
      ok: code === undefined,
      name: groupId,
      ...(code === undefined ? {} : { code }),
    });
  }
  connection?.close();
}

function codeOf(error: unknown): string {
  return error instanceof SluiceError ? error.code : 'Bug';
}
