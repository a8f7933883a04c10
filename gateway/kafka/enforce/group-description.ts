import type { Api } from '../wire/api.ts';
import { type Enforcement, enforcement } from './enforcement.ts';
import { denied, operationsNotTold } from './errors.ts';

/** What the describe requests of all kinds of groups since KIP-848 look like. */
interface Request {
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
}

interface DescribedGroup {
  readonly groupId: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly authorizedOperations: number;
}

interface Description<Group> {
  readonly min: number;
  readonly max: number;
  /** A group with nothing in it. */
  readonly blank: Group;
  /** Every topic that a described group names. */
  topicsOf(group: Group): Iterable<string>;
}

/**
 * Describe on every group, else 30 there. A group that names a topic which may not be described is answered with 29
 * and nothing in it, as brokers do: a description with holes would be a wrong one.
 */
export function groupDescription<
  Group extends DescribedGroup,
  Ask extends Request,
  Answer extends { readonly groups: readonly Group[]; readonly throttleTimeMs: number },
>(
  api: Api<Ask, Answer>,
  blankAnswer: Answer & { readonly groups: readonly Group[] },
  { min, max, blank, topicsOf }: Description<Group>,
): Enforcement {
  const refusal = (groupId: string, errorCode: number): Group => ({
    ...blank,
    groupId,
    errorCode,
    errorMessage:
      errorCode === denied.group
        ? 'Sluice: this group may not be described.'
        : 'Sluice: this group has topics that may not be described.',
  });
  return enforcement<Ask, Answer, readonly Group[]>(api, {
    min,
    max,
    request(request, _version, context) {
      const refused: Group[] = [];
      const groupIds = request.groupIds.filter((groupId) => {
        if (context.allows('describe', 'group', groupId, denied.group)) return true;
        refused.push(refusal(groupId, denied.group));
        return false;
      });
      if (groupIds.length === 0) return { kind: 'reply', response: { ...blankAnswer, groups: refused } };
      return { kind: 'send', request: { ...request, groupIds, includeAuthorizedOperations: false }, pending: refused };
    },
    response(response, _version, refused, context) {
      const groups = response.groups.map((group) => {
        if (group.errorCode !== 0) return { ...blank, ...only(group) };
        if (!context.sees('describe', 'group', group.groupId)) return refusal(group.groupId, denied.group);
        for (const topic of topicsOf(group)) {
          if (!context.sees('describe', 'topic', topic)) return refusal(group.groupId, denied.topic);
        }
        return { ...group, authorizedOperations: operationsNotTold };
      });
      return { kind: 'send', response: { ...response, groups: [...groups, ...refused] } };
    },
  });
}

/** What stays of a group that the broker gives an error for. */
function only({ groupId, errorCode, errorMessage }: DescribedGroup): Omit<DescribedGroup, 'authorizedOperations'> {
  return { groupId, errorCode, errorMessage };
}
