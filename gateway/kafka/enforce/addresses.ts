import type { ClusterView } from './context.ts';

interface Endpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** The endpoint with the gateway's address for that broker; nothing when it has none yet: real addresses never leak. */
export function rewriteEndpoint<E extends Endpoint>(endpoint: E, cluster: ClusterView): E[] {
  const address = cluster.broker(endpoint.nodeId);
  if (!address) {
    cluster.noteUnknown(endpoint.nodeId);
    return [];
  }
  return [{ ...endpoint, host: address.host, port: address.port }];
}
