/**
 * APIs of brokers and controllers among themselves, by key. No client has a use for them: they are not advertised, and a
 * connection that sends one ends.
 */
export const interBroker: ReadonlyMap<number, string> = new Map([
  [4, 'LeaderAndIsr'],
  [5, 'StopReplica'],
  [6, 'UpdateMetadata'],
  [7, 'ControlledShutdown'],
  [52, 'Vote'],
  [53, 'BeginQuorumEpoch'],
  [54, 'EndQuorumEpoch'],
  [56, 'AlterPartition'],
  [58, 'Envelope'],
  [59, 'FetchSnapshot'],
  [62, 'BrokerRegistration'],
  [63, 'BrokerHeartbeat'],
  [67, 'AllocateProducerIds'],
  [70, 'ControllerRegistration'],
  [73, 'AssignReplicasToDirs'],
  [82, 'UpdateRaftVoter'],
  [83, 'InitializeShareGroupState'],
  [84, 'ReadShareGroupState'],
  [85, 'WriteShareGroupState'],
  [86, 'DeleteShareGroupState'],
  [87, 'ReadShareGroupStateSummary'],
]);
