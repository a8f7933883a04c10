import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  defaultDescribeClusterResponse,
  defaultDescribeClusterResponseDescribeClusterBroker,
} from '../wire/generated/describe-cluster.ts';
import { enforcement } from './enforcement.ts';
import { operationsNotTold } from './errors.ts';

const brokerEndpoints = 1;

/** Answered from the gateway's own view: a real address has no way in. Controller endpoints (type 2) are not offered. */
export const describeCluster = enforcement<DescribeClusterRequest, DescribeClusterResponse>(apis.DescribeCluster, {
  min: 0,
  max: 2,
  request(request, version, context) {
    if (version > 0 && request.endpointType !== brokerEndpoints) {
      return {
        kind: 'reply',
        response: {
          ...defaultDescribeClusterResponse,
          errorCode: KafkaError.unsupportedEndpointType,
          errorMessage: 'Sluice: only broker endpoints can be described.',
          endpointType: request.endpointType,
        },
      };
    }
    return {
      kind: 'reply',
      response: {
        ...defaultDescribeClusterResponse,
        clusterId: context.cluster.clusterId,
        controllerId: context.cluster.controllerId,
        clusterAuthorizedOperations: operationsNotTold,
        brokers: context.cluster.brokers().map(({ nodeId, host, port, rack }) => ({
          ...defaultDescribeClusterResponseDescribeClusterBroker,
          brokerId: nodeId,
          host,
          port,
          rack,
        })),
      },
    };
  },
});
