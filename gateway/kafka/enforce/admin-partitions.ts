import { defaultAlterPartitionReassignmentsResponse } from '../wire/generated/alter-partition-reassignments.ts';
import {
  type AlterReplicaLogDirsRequest,
  defaultAlterReplicaLogDirsResponse,
} from '../wire/generated/alter-replica-log-dirs.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultDescribeLogDirsResponse } from '../wire/generated/describe-log-dirs.ts';
import { defaultElectLeadersResponse } from '../wire/generated/elect-leaders.ts';
import { defaultListPartitionReassignmentsResponse } from '../wire/generated/list-partition-reassignments.ts';
import { defaultWriteTxnMarkersResponse } from '../wire/generated/write-txn-markers.ts';
import { adminMessage, adminOnly } from './admin-only.ts';
import { denied } from './errors.ts';

const errorCode = denied.cluster;
const refusal = { errorCode, errorMessage: adminMessage } as const;

export const electLeaders = adminOnly(apis.ElectLeaders, {
  min: 0,
  max: 2,
  refuse: ({ topicPartitions }, version) => ({
    ...defaultElectLeadersResponse,
    errorCode: version < 1 ? 0 : errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, ...refusal })),
    })),
  }),
});

export const alterPartitionReassignments = adminOnly(apis.AlterPartitionReassignments, {
  min: 0,
  max: 1,
  refuse: ({ topics }) => ({
    ...defaultAlterPartitionReassignmentsResponse,
    ...refusal,
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...refusal })),
    })),
  }),
});

export const listPartitionReassignments = adminOnly(apis.ListPartitionReassignments, {
  min: 0,
  max: 0,
  refuse: () => ({ ...defaultListPartitionReassignmentsResponse, ...refusal }),
});

/** Versions before 3 have no place for an error and answer with nothing. */
export const describeLogDirs = adminOnly(apis.DescribeLogDirs, {
  min: 1,
  max: 5,
  refuse: (_request, version) => ({ ...defaultDescribeLogDirsResponse, errorCode: version < 3 ? 0 : errorCode }),
});

export const alterReplicaLogDirs = adminOnly(apis.AlterReplicaLogDirs, {
  min: 1,
  max: 2,
  refuse: (request) => ({
    ...defaultAlterReplicaLogDirsResponse,
    results: [...partitionsByTopic(request)].map(([topicName, partitions]) => ({
      topicName,
      partitions: [...partitions].map((partitionIndex) => ({ partitionIndex, errorCode })),
    })),
  }),
});

function partitionsByTopic({ dirs }: AlterReplicaLogDirsRequest): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const { name, partitions } of dirs.flatMap(({ topics }) => topics)) {
    const known = found.get(name) ?? new Set();
    for (const partition of partitions) known.add(partition);
    found.set(name, known);
  }
  return found;
}

/** Ends hanging transactions (KIP-664). */
export const writeTxnMarkers = adminOnly(apis.WriteTxnMarkers, {
  min: 1,
  max: 2,
  refuse: ({ markers }) => ({
    ...defaultWriteTxnMarkersResponse,
    markers: markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    })),
  }),
});
