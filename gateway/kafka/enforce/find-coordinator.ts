import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultFindCoordinatorResponse,
  defaultFindCoordinatorResponseCoordinator,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
  type FindCoordinatorResponseCoordinator,
} from '../wire/generated/find-coordinator.ts';
import { rewriteEndpoint } from './addresses.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

const batchedFrom = 4;

/** librdkafka shows its user this text and no code; so it begins with what Kafka calls the error. */
const messages: Readonly<Record<number, string>> = {
  [denied.group]: 'Group authorization failed. Sluice: this group may not be used.',
  [denied.transactionalId]: 'Transactional Id authorization failed. Sluice: this transactional id may not be used.',
  [denied.cluster]: 'Cluster authorization failed. Sluice: brokers alone look for these coordinators.',
};

interface Pending {
  readonly refused: readonly FindCoordinatorResponseCoordinator[];
}

/**
 * Describe on the group (key type 0) or transactional id (1); partitions of share groups (2) are looked for by brokers
 * only. Addresses are ours.
 */
export const findCoordinator = enforcement<FindCoordinatorRequest, FindCoordinatorResponse, Pending>(
  apis.FindCoordinator,
  {
    min: 0,
    max: 6,
    request(request, version, context) {
      const keys = version < batchedFrom ? [request.key] : request.coordinatorKeys;
      const refused: FindCoordinatorResponseCoordinator[] = [];
      const kept = keys.filter((key) => {
        const error = refusalOf(request.keyType, key, context);
        if (error === 0) return true;
        const coordinator = { key, nodeId: -1, port: -1, errorCode: error, errorMessage: messages[error] ?? '' };
        refused.push({ ...defaultFindCoordinatorResponseCoordinator, ...coordinator });
        return false;
      });
      if (kept.length === keys.length && keys.length > 0) return { kind: 'forward', pending: { refused } };
      if (kept.length > 0)
        return { kind: 'send', request: { ...request, coordinatorKeys: kept }, pending: { refused } };
      if (version >= batchedFrom)
        return { kind: 'reply', response: { ...defaultFindCoordinatorResponse, coordinators: refused } };
      const { errorCode = 0, errorMessage = '' } = refused[0] ?? {};
      const response = { ...defaultFindCoordinatorResponse, errorCode, errorMessage, nodeId: -1, port: -1 };
      return { kind: 'reply', response };
    },
    response(response, version, pending, context) {
      if (version >= batchedFrom) {
        const coordinators = response.coordinators.map((coordinator) => located(coordinator, context));
        return { kind: 'send', response: { ...response, coordinators: [...coordinators, ...pending.refused] } };
      }
      return { kind: 'send', response: located(response, context) };
    },
  },
);

function located<
  C extends { readonly nodeId: number; readonly host: string; readonly port: number; readonly errorCode: number },
>(coordinator: C, context: FrameContext): C {
  if (coordinator.errorCode !== 0 || coordinator.nodeId < 0) return { ...coordinator, host: '', port: -1 };
  const [found] = rewriteEndpoint(coordinator, context.cluster);
  return found ?? { ...coordinator, errorCode: KafkaError.coordinatorNotAvailable, nodeId: -1, host: '', port: -1 };
}

function refusalOf(keyType: number, key: string, context: FrameContext): number {
  if (keyType === 0) return context.allows('describe', 'group', key, denied.group) ? 0 : denied.group;
  if (keyType === 1)
    return context.allows('describe', 'transactionalId', key, denied.transactionalId) ? 0 : denied.transactionalId;
  return denied.cluster;
}
