import { UpstreamError } from '../../core/errors/sluice-error.ts';
import type { ClusterConfig } from '../config/gateway-config.ts';

/** Which port of ours stands for which broker of a cluster: first come, first served, and kept. */
export class BrokerPorts {
  readonly #listen: Pick<ClusterConfig['listen'], 'port' | 'brokerPorts'>;
  readonly #ports = new Map<number, number>();

  constructor(listen: Pick<ClusterConfig['listen'], 'port' | 'brokerPorts'>) {
    this.#listen = listen;
  }

  /** undefined node = the bootstrap port. 0 = any that is free. Throws UpstreamError when the range is used up. */
  portFor(nodeId: number | undefined): number {
    const { port: bootstrap, brokerPorts: range } = this.#listen;
    if (nodeId === undefined) return bootstrap;
    if (!range) return 0;
    const known = this.#ports.get(nodeId);
    if (known !== undefined) return known;
    const taken = new Set([bootstrap, ...this.#ports.values()]);
    for (let port = range.from; port <= range.to; port++) {
      if (taken.has(port)) continue;
      this.#ports.set(nodeId, port);
      return port;
    }
    throw new UpstreamError('BrokerUnreachable', `no port is left for broker ${nodeId}`, {
      why: `brokerPorts ${range.from} to ${range.to} are taken`,
      fix: 'widen listen.brokerPorts',
    });
  }
}
