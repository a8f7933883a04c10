import { type Clock, sleep } from '../../core/clock/clock.ts';
import { SluiceError, UpstreamError } from '../../core/errors/sluice-error.ts';
import type { ClusterConfig } from '../config/gateway-config.ts';
import { BrokerPorts } from '../net/broker-ports.ts';
import { listenTcp } from '../net/listener.ts';

type Listen = Pick<ClusterConfig['listen'], 'host' | 'port' | 'brokerPorts'>;

const retryEvery = 100;
const retries = 30;

/**
 * The ports that all workers listen on. Control takes each one alone for a moment before it is handed out: a port that
 * workers share could otherwise be shared with a stranger's process of the same user, unnoticed.
 */
export class SharedPorts {
  readonly #clock: Clock;
  readonly #clusters: ReadonlyMap<string, { readonly host: string; readonly ports: BrokerPorts }>;
  readonly #known = new Map<string, Promise<number>>();

  constructor(clusters: readonly { readonly name: string; readonly listen: Listen }[], clock: Clock) {
    this.#clock = clock;
    this.#clusters = new Map(
      clusters.map(({ name, listen }) => [name, { host: listen.host, ports: new BrokerPorts(listen) }]),
    );
  }

  /** The same for every worker that asks, now and later. Rejects with SluiceError when it cannot be had. */
  portFor(cluster: string, nodeId: number | undefined): Promise<number> {
    const key = `${cluster} ${nodeId ?? 'bootstrap'}`;
    let port = this.#known.get(key);
    if (!port) {
      port = this.#take(cluster, nodeId);
      this.#known.set(key, port);
      port.catch(() => this.#known.delete(key));
    }
    return port;
  }

  async #take(cluster: string, nodeId: number | undefined): Promise<number> {
    const found = this.#clusters.get(cluster);
    if (!found) throw new UpstreamError('WorkerFailed', `a worker asked for a port of cluster '${cluster}'`);
    const { host, ports } = found;
    const wanted = ports.portFor(nodeId);
    for (let left = retries; ; left--) {
      try {
        const listener = await listenTcp({ host, port: wanted }, (socket) => socket.destroy());
        await listener.stopAccepting();
        return listener.port;
      } catch (error) {
        // Workers of a gateway that was killed just now may not have ended yet.
        const inUse = error instanceof SluiceError && (error.cause as NodeJS.ErrnoException)?.code === 'EADDRINUSE';
        if (!inUse || left === 0) throw error;
        await sleep(this.#clock, retryEvery);
      }
    }
  }
}
