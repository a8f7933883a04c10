/** Writes a gateway.yaml for a gateway in front of a local broker. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { PolicyRepo } from './policy-repo.ts';
import type { RepoOnForge } from './repo-on-forge.ts';

export interface GatewayConfigOptions {
  readonly dir: string;
  readonly name?: string;
  readonly repo: PolicyRepo;
  readonly owners: readonly string[];
  readonly issuer: { readonly issuer: string; readonly audience: string };
  readonly clusters: readonly {
    readonly name: string;
    /** `host:port`, several with commas. */
    readonly bootstrap: string;
    readonly user: string;
    readonly password: string;
    readonly tls?: object;
    readonly listenTls?: object;
    readonly sessionIdle?: string;
  }[];
  readonly logLevel?: string;
  readonly pollInterval?: string;
  /** More of trustRoot.issuers. */
  readonly issuers?: readonly object[];
  /** Merged into spec, last. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Returns the path of the file. State, recordings, keys and the admin socket are beside it. */
export function writeGatewayConfig(options: GatewayConfigOptions): string {
  const { dir, repo, issuer } = options;
  mkdirSync(dir, { recursive: true });
  const clusters = options.clusters.map((cluster) => {
    const passwordFile = join(dir, `${cluster.name}.password`);
    writeFileSync(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    return {
      name: cluster.name,
      bootstrap: cluster.bootstrap.split(','),
      ...(cluster.tls ? { tls: cluster.tls } : {}),
      credentials: { username: cluster.user, passwordFile },
      listen: { host: '127.0.0.1', port: 0, ...(cluster.listenTls ? { tls: cluster.listenTls } : {}) },
      sessionIdle: cluster.sessionIdle ?? 'PT5M',
    };
  });
  const document = {
    apiVersion: 'sluice.dev/v1',
    kind: 'Gateway',
    metadata: { name: options.name ?? 'gw-test' },
    spec: {
      policyRepo: { url: repo.url, branch: 'main', pollInterval: options.pollInterval ?? 'PT1S' },
      trustRoot: {
        genesis: repo.genesis,
        ...(repo.forge ? { forge: forgeIn(dir, repo.forge) } : {}),
        owners: options.owners.map((name) => ({
          name,
          ...(repo.forge ? { account: repo.forge.people[name]!.id } : { key: repo.keys[name]!.key }),
        })),
        threshold: 1,
        issuers: [
          { issuer: issuer.issuer, audience: issuer.audience, algorithms: ['ES256'] },
          ...(options.issuers ?? []),
        ],
      },
      state: { dir: 'state' },
      recording: { dir: 'recordings', keyFile: 'keys/recording.pem' },
      masking: { keyFile: 'keys/mask.key' },
      admin: { socket: 'admin.sock' },
      public: { host: '127.0.0.1', port: 0 },
      log: { level: options.logLevel ?? 'info' },
      clusters,
      ...options.spec,
    },
  };
  const file = join(dir, 'gateway.yaml');
  writeFileSync(file, stringify(document));
  return file;
}

/** `trustRoot.forge`, with its secrets in files. */
function forgeIn(dir: string, { kind, api, name, id, gateway, webhookSecret }: RepoOnForge): object {
  const secretIn = (file: string, secret: string): string => {
    writeFileSync(join(dir, file), `${secret}\n`, { mode: 0o600 });
    return join(dir, file);
  };
  const webhookSecretFile = secretIn('webhook-secret', webhookSecret);
  const same = { kind, url: api, repo: name, repoId: id, webhookSecretFile };
  if ('token' in gateway) return { ...same, tokenFile: secretIn('forge-token', gateway.token) };
  const { privateKey, ...app } = gateway;
  return { ...same, app: { ...app, privateKeyFile: secretIn('forge-app.pem', privateKey) } };
}
