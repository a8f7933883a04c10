/** Kafka's error codes that Sluice gives or understands (org.apache.kafka.common.protocol.Errors). */
export const KafkaError = {
  unknownServerError: -1,
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeaderOrFollower: 6,
  requestTimedOut: 7,
  messageTooLarge: 10,
  networkException: 13,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  unsupportedSaslMechanism: 33,
  illegalSaslState: 34,
  unsupportedVersion: 35,
  topicAlreadyExists: 36,
  notController: 41,
  invalidRequest: 42,
  policyViolation: 44,
  outOfOrderSequenceNumber: 45,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  invalidProducerIdMapping: 49,
  concurrentTransactions: 51,
  transactionalIdAuthorizationFailed: 53,
  securityDisabled: 54,
  operationNotAttempted: 55,
  saslAuthenticationFailed: 58,
  delegationTokenAuthorizationFailed: 65,
  fetchSessionIdNotFound: 70,
  invalidFetchSessionEpoch: 71,
  fencedLeaderEpoch: 74,
  unsupportedCompressionType: 76,
  invalidRecord: 87,
  producerFenced: 90,
  resourceNotFound: 91,
  duplicateResource: 92,
  unacceptableCredential: 93,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
  fetchSessionTopicIdError: 106,
  unsupportedEndpointType: 115,
  shareSessionNotFound: 122,
  invalidShareSessionEpoch: 123,
  rebootstrapRequired: 129,
  streamsInvalidTopology: 130,
  shareSessionLimitReached: 133,
} as const;
/** One of the codes in the table. */
export type KafkaError = (typeof KafkaError)[keyof typeof KafkaError];

const names: ReadonlyMap<number, string> = new Map(Object.entries(KafkaError).map(([name, code]) => [code, name]));

/** A code's name for messages, or `error 123` where it is not in the table. */
export function kafkaErrorName(code: number): string {
  return names.get(code) ?? `error ${code}`;
}

/** Codes that say: ask again in a moment, perhaps another broker. */
export function isTransient(code: number): boolean {
  return transient.has(code);
}

const transient: ReadonlySet<number> = new Set([
  KafkaError.leaderNotAvailable,
  KafkaError.notLeaderOrFollower,
  KafkaError.requestTimedOut,
  KafkaError.networkException,
  KafkaError.coordinatorLoadInProgress,
  KafkaError.coordinatorNotAvailable,
  KafkaError.notCoordinator,
  KafkaError.notController,
]);
