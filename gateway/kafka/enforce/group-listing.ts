import { apis } from '../wire/generated/apis.ts';
import {
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
  defaultDescribeGroupsResponse,
  defaultDescribeGroupsResponseDescribedGroup,
} from '../wire/generated/describe-groups.ts';
import {
  defaultListGroupsResponse,
  type ListGroupsRequest,
  type ListGroupsResponse,
} from '../wire/generated/list-groups.ts';
import { enforcement } from './enforcement.ts';
import { denied, operationsNotTold } from './errors.ts';

/** Only groups that the principal may describe; no error for the others. Filters by state and type are the broker's. */
export const listGroups = enforcement<ListGroupsRequest, ListGroupsResponse>(apis.ListGroups, {
  min: 0,
  max: 5,
  request(_request, _version, context) {
    if (!context.access.hasRights()) return { kind: 'reply', response: defaultListGroupsResponse };
    return { kind: 'forward', pending: undefined };
  },
  response(response, _version, _pending, context) {
    const groups = response.groups.filter((group) => context.sees('describe', 'group', group.groupId));
    return { kind: 'send', response: { ...response, groups } };
  },
});

/** Describe on every group, else 30 there. */
export const describeGroups = enforcement<
  DescribeGroupsRequest,
  DescribeGroupsResponse,
  DescribeGroupsResponse['groups']
>(apis.DescribeGroups, {
  min: 0,
  max: 6,
  request(request, _version, context) {
    const refused: DescribeGroupsResponse['groups'][number][] = [];
    const groups = request.groups.filter((groupId) => {
      if (context.allows('describe', 'group', groupId, denied.group)) return true;
      refused.push({ ...defaultDescribeGroupsResponseDescribedGroup, groupId, errorCode: denied.group });
      return false;
    });
    if (groups.length === 0) {
      return { kind: 'reply', response: { ...defaultDescribeGroupsResponse, groups: refused } };
    }
    return { kind: 'send', request: { groups, includeAuthorizedOperations: false }, pending: refused };
  },
  response(response, _version, refused) {
    const groups = response.groups.map((group) => ({ ...group, authorizedOperations: operationsNotTold }));
    return { kind: 'send', response: { ...response, groups: [...groups, ...refused] } };
  },
});
