/** What a name stands for: a broker, or the cluster as a whole. */
export type Named = { readonly nodeId: number | undefined };

const brokerName = /^broker-(0|[1-9]\d{0,9})$/;

/** How the brokers behind one TLS port are told apart: `broker-3.HOST` is broker 3, `HOST` the cluster to start from. */
export class ServerNames {
  readonly #host: string;

  /** `host` is what clients are told as the bootstrap host; a wildcard certificate for `*.HOST` covers the brokers. */
  constructor(host: string) {
    this.#host = host.toLowerCase();
  }

  nameOf(nodeId: number): string {
    return `broker-${nodeId}.${this.#host}`;
  }

  /** What the name in a client's hello stands for; undefined = nothing here. */
  find(serverName: string): Named | undefined {
    const name = serverName.toLowerCase();
    if (name === this.#host) return { nodeId: undefined };
    if (!name.endsWith(`.${this.#host}`)) return undefined;
    const [, nodeId] = brokerName.exec(name.slice(0, -this.#host.length - 1)) ?? [];
    return nodeId === undefined ? undefined : { nodeId: Number(nodeId) };
  }
}
