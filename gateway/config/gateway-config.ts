import type { TrustRoot } from '../../core/model/trust-root.ts';

export interface ServerTls {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface ClusterConfig {
  readonly name: string;
  readonly bootstrap: readonly HostPort[];
  readonly tls: { readonly caFile: string | undefined; readonly serverName: string | undefined } | undefined;
  readonly credentials: {
    readonly mechanism: 'SCRAM-SHA-512' | 'SCRAM-SHA-256';
    readonly username: string;
    readonly passwordFile: string;
  };
  readonly listen: {
    readonly host: string;
    readonly advertisedHost: string;
    readonly port: number;
    readonly brokerPorts: { readonly from: number; readonly to: number } | undefined;
    readonly tls: ServerTls | undefined;
    /** One TLS port for all brokers, told apart by server name. */
    readonly sni: boolean;
    /** ms without a byte in either direction after which a client's connection is closed. */
    readonly maxIdle: number;
    /** Connections that are served before they have logged in. */
    readonly maxUnauthenticated: number;
  };
  /** ms from a principal's last connection to the removal of its broker user. */
  readonly sessionIdle: number;
}

/** Where requests are opened, approved and merged, and what the gateway reads there with. */
export interface ForgeConfig {
  readonly kind: 'github' | 'gitea';
  /** Base of its API. */
  readonly url: string;
  /** `owner/name`. */
  readonly repo: string;
  readonly credentials:
    | { readonly tokenFile: string }
    | { readonly appId: number; readonly installationId: number; readonly privateKeyFile: string };
  /** Undefined = it sends none. */
  readonly webhookSecretFile: string | undefined;
}

/** gateway.yaml after checking: absolute paths, durations in ms, defaults filled in. */
export interface GatewayConfig {
  readonly name: string;
  readonly policyRepo: { readonly url: string; readonly branch: string; readonly pollInterval: number };
  readonly trustRoot: TrustRoot;
  /** Undefined = plain git. */
  readonly forge: ForgeConfig | undefined;
  readonly stateDir: string;
  readonly recording: { readonly dir: string; readonly keyFile: string };
  readonly maskKeyFile: string | undefined;
  readonly adminSocket: string;
  readonly public: { readonly host: string; readonly port: number; readonly tls: ServerTls | undefined };
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Processes that serve clients; 1 = the gateway's own. */
  readonly workers: number;
  /** No other gateway follows the repo: grants may start at their first use. */
  readonly soleGateway: boolean;
  /** Memory of a process for frames under way, in each direction. */
  readonly maxBufferedBytes: number;
  readonly clusters: readonly ClusterConfig[];
}
