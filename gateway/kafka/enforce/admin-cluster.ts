import { defaultAddRaftVoterResponse } from '../wire/generated/add-raft-voter.ts';
import { defaultAlterClientQuotasResponse } from '../wire/generated/alter-client-quotas.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultDescribeClientQuotasResponse } from '../wire/generated/describe-client-quotas.ts';
import { defaultDescribeQuorumResponse } from '../wire/generated/describe-quorum.ts';
import { defaultListConfigResourcesResponse } from '../wire/generated/list-config-resources.ts';
import { defaultRemoveRaftVoterResponse } from '../wire/generated/remove-raft-voter.ts';
import { defaultUnregisterBrokerResponse } from '../wire/generated/unregister-broker.ts';
import { defaultUnregisterControllerResponse } from '../wire/generated/unregister-controller.ts';
import { defaultUpdateFeaturesResponse } from '../wire/generated/update-features.ts';
import { adminMessage, adminOnly } from './admin-only.ts';
import { denied } from './errors.ts';

const errorCode = denied.cluster;
const refusal = { errorCode, errorMessage: adminMessage } as const;

export const updateFeatures = adminOnly(apis.UpdateFeatures, {
  min: 0,
  max: 2,
  refuse: () => ({ ...defaultUpdateFeaturesResponse, ...refusal }),
});

export const unregisterBroker = adminOnly(apis.UnregisterBroker, {
  min: 0,
  max: 0,
  refuse: () => ({ ...defaultUnregisterBrokerResponse, ...refusal }),
});

export const unregisterController = adminOnly(apis.UnregisterController, {
  min: 0,
  max: 0,
  refuse: () => ({ ...defaultUnregisterControllerResponse, ...refusal }),
});

export const addRaftVoter = adminOnly(apis.AddRaftVoter, {
  min: 0,
  max: 1,
  refuse: () => ({ ...defaultAddRaftVoterResponse, ...refusal }),
});

export const removeRaftVoter = adminOnly(apis.RemoveRaftVoter, {
  min: 0,
  max: 0,
  refuse: () => ({ ...defaultRemoveRaftVoterResponse, ...refusal }),
});

/** Controllers have no port here: the addresses of their listeners are left out. */
export const describeQuorum = adminOnly(apis.DescribeQuorum, {
  min: 0,
  max: 2,
  refuse: (_request, version) => ({
    ...defaultDescribeQuorumResponse,
    errorCode,
    errorMessage: version < 2 ? null : adminMessage,
  }),
  response: (response) => ({
    kind: 'send',
    response: { ...response, nodes: response.nodes.map((node) => ({ ...node, listeners: [] })) },
  }),
});

export const describeClientQuotas = adminOnly(apis.DescribeClientQuotas, {
  min: 0,
  max: 1,
  refuse: () => ({ ...defaultDescribeClientQuotasResponse, ...refusal, entries: null }),
});

export const alterClientQuotas = adminOnly(apis.AlterClientQuotas, {
  min: 0,
  max: 1,
  refuse: ({ entries }) => ({
    ...defaultAlterClientQuotasResponse,
    entries: entries.map(({ entity }) => ({ ...refusal, entity })),
  }),
});

/** Names of topics, groups, brokers and metrics subscriptions that have a configuration. */
export const listConfigResources = adminOnly(apis.ListConfigResources, {
  min: 0,
  max: 1,
  refuse: () => ({ ...defaultListConfigResourcesResponse, errorCode }),
});
