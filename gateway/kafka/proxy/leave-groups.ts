import type { CleanupEvent } from '../../../core/audit/event.ts';
import { SluiceError } from '../../../core/errors/sluice-error.ts';
import type { Membership } from '../enforce/context.ts';
import type { BrokerConnection } from '../upstream/broker-connection.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultLeaveGroupRequest } from '../wire/generated/leave-group.ts';

/** The version in which every supported broker takes one member in a request (3.9 to 4.4). */
const version = 2;

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
  for (const { groupId, memberId } of memberships) {
    let code = failure;
    try {
      const answer = await connection?.request(apis.LeaveGroup, version, {
        ...defaultLeaveGroupRequest,
        groupId,
        memberId,
      });
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
