import type { ResourceKind } from '../../../core/model/resource.ts';
import { KafkaError } from '../wire/error-codes.ts';

/**
 * The boundary table from our no to Kafka's numbers (org.apache.kafka.common.protocol.Errors): what a broker with ACLs
 * answers when a principal may not touch a resource.
 */
export const denied = {
  topic: KafkaError.topicAuthorizationFailed,
  group: KafkaError.groupAuthorizationFailed,
  cluster: KafkaError.clusterAuthorizationFailed,
  transactionalId: KafkaError.transactionalIdAuthorizationFailed,
} as const satisfies Record<ResourceKind, number>;

/** `authorizedOperations` when a broker does not tell. */
export const operationsNotTold = -2147483648;
