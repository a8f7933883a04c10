import {
  addRaftVoter,
  alterClientQuotas,
  describeClientQuotas,
  describeQuorum,
  listConfigResources,
  removeRaftVoter,
  unregisterBroker,
  unregisterController,
  updateFeatures,
} from './admin-cluster.ts';
import {
  alterUserScramCredentials,
  createAcls,
  createDelegationToken,
  deleteAcls,
  describeAcls,
  describeDelegationToken,
  describeUserScramCredentials,
  expireDelegationToken,
  renewDelegationToken,
} from './admin-credentials.ts';
import {
  alterPartitionReassignments,
  alterReplicaLogDirs,
  describeLogDirs,
  electLeaders,
  listPartitionReassignments,
  writeTxnMarkers,
} from './admin-partitions.ts';
import { alterConfigs, incrementalAlterConfigs } from './config-changes.ts';
import { describeConfigs } from './config-description.ts';
import { consumerGroupDescribe, consumerGroupHeartbeat } from './consumer-group.ts';
import { describeCluster } from './describe-cluster.ts';
import { describeTopicPartitions } from './describe-topic-partitions.ts';
import type { Enforcement } from './enforcement.ts';
import { fetch } from './fetch.ts';
import { findCoordinator } from './find-coordinator.ts';
import { deleteGroups, offsetDelete } from './group-deletion.ts';
import { describeGroups, listGroups } from './group-listing.ts';
import { heartbeat, joinGroup, leaveGroup, syncGroup } from './group-membership.ts';
import { initProducerId } from './init-producer-id.ts';
import { listOffsets, offsetForLeaderEpoch } from './list-offsets.ts';
import { metadata } from './metadata.ts';
import { offsetCommit } from './offset-commit.ts';
import { offsetFetch } from './offset-fetch.ts';
import { createPartitions, deleteRecords } from './partition-changes.ts';
import { produce } from './produce.ts';
import { shareAcknowledge } from './share-acknowledge.ts';
import { shareFetch } from './share-fetch.ts';
import { shareGroupDescribe, shareGroupHeartbeat } from './share-group.ts';
import { alterShareGroupOffsets, deleteShareGroupOffsets, describeShareGroupOffsets } from './share-group-offsets.ts';
import { streamsGroupDescribe, streamsGroupHeartbeat, streamsGroupTopologyDescriptionUpdate } from './streams-group.ts';
import { getTelemetrySubscriptions, pushTelemetry } from './telemetry.ts';
import { createTopics, deleteTopics } from './topic-lifecycle.ts';
import { addOffsetsToTxn, addPartitionsToTxn } from './transaction-additions.ts';
import { endTxn } from './transaction-end.ts';
import { describeProducers, describeTransactions, listTransactions } from './transaction-listing.ts';
import { txnOffsetCommit } from './transaction-offsets.ts';

const entries: readonly Enforcement[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  createTopics,
  deleteTopics,
  initProducerId,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  txnOffsetCommit,
  describeTransactions,
  listTransactions,
  describeProducers,
  offsetForLeaderEpoch,
  describeCluster,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  shareGroupHeartbeat,
  shareGroupDescribe,
  shareFetch,
  shareAcknowledge,
  describeShareGroupOffsets,
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
  streamsGroupHeartbeat,
  streamsGroupDescribe,
  streamsGroupTopologyDescriptionUpdate,
  deleteGroups,
  offsetDelete,
  describeTopicPartitions,
  createPartitions,
  deleteRecords,
  describeConfigs,
  alterConfigs,
  incrementalAlterConfigs,
  electLeaders,
  alterPartitionReassignments,
  listPartitionReassignments,
  describeLogDirs,
  alterReplicaLogDirs,
  writeTxnMarkers,
  describeAcls,
  createAcls,
  deleteAcls,
  describeUserScramCredentials,
  alterUserScramCredentials,
  createDelegationToken,
  renewDelegationToken,
  expireDelegationToken,
  describeDelegationToken,
  updateFeatures,
  unregisterBroker,
  unregisterController,
  addRaftVoter,
  removeRaftVoter,
  describeQuorum,
  describeClientQuotas,
  alterClientQuotas,
  listConfigResources,
  getTelemetrySubscriptions,
  pushTelemetry,
];

/** Every API that a client may use after authentication, by key. What is not here is neither advertised nor answered. */
export const table: ReadonlyMap<number, Enforcement> = new Map(entries.map((entry) => [entry.api.key, entry]));
