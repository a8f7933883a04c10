import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { noteVerifier } from '../../core/audit/signed-note.ts';
import { parseIsoDuration } from '../../core/clock/duration.ts';
import { formatLocation, type Problem } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { isLoopbackHttp } from '../../core/git/hardened-git.ts';
import { isPlainKey } from '../../core/git/ssh-signature.ts';
import { loadDocumentAs } from '../../core/load/load-document.ts';
import type { Path, YamlDocument } from '../../core/load/load-yaml.ts';
import { type GatewayConfigDocument, validateGatewayConfigDocument } from '../../core/schema/gateway-config.ts';
import type { ClusterConfig, ForgeConfig, GatewayConfig, HostPort, ServerTls } from './gateway-config.ts';

const mostWorkers = 64;
const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** Reads gateway.yaml; every problem of it in one InputError, each with file:line:column. */
export async function loadConfig(file: string): Promise<GatewayConfig> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new InputError('FileUnreadable', `${file} could not be read`, {
      why: (cause as NodeJS.ErrnoException).code ?? 'unknown',
      fix: 'give the path of a gateway.yaml with --config',
      cause,
    });
  }
  const { config, problems } = parseConfig(file, bytes);
  if (config) return config;
  const listed = problems.map(
    (problem) => `${formatLocation(problem.at)}: ${problem.message}${problem.fix ? ` (${problem.fix})` : ''}`,
  );
  const insecure = problems.length > 0 && problems.every((problem) => problem.rule === 'config/insecure-listener');
  throw new InputError(
    insecure ? 'InsecureListener' : 'BadConfig',
    `${file} has ${problems.length} problem${problems.length === 1 ? '' : 's'}`,
    {
      why: listed.join('\n'),
      ...(problems[0] ? { at: formatLocation(problems[0].at) } : {}),
    },
  );
}

export function parseConfig(
  file: string,
  bytes: Uint8Array,
): { config: GatewayConfig | undefined; problems: readonly Problem[] } {
  const loaded = loadDocumentAs<GatewayConfigDocument>(validateGatewayConfigDocument, { path: file, bytes });
  if (!loaded.value || !loaded.document) return { config: undefined, problems: loaded.problems };
  const reader = new ConfigReader(file, loaded.document);
  const config = reader.read(loaded.value);
  return { config: reader.problems.length === 0 ? config : undefined, problems: reader.problems };
}

class ConfigReader {
  readonly problems: Problem[] = [];
  readonly #folder: string;
  readonly #yaml: YamlDocument;

  constructor(file: string, yaml: YamlDocument) {
    this.#folder = dirname(resolve(file));
    this.#yaml = yaml;
  }

  read({ metadata, spec }: GatewayConfigDocument): GatewayConfig {
    const { policyRepo, trustRoot } = spec;
    const branch = policyRepo.branch ?? 'main';
    this.#checkOwners(trustRoot);
    this.#checkListener(spec.public.host, spec.public.tls, ['spec', 'public', 'host']);
    const clusters = spec.clusters.map((cluster, i) => this.#cluster(cluster, ['spec', 'clusters', i]));
    clusters.forEach((cluster, i) => {
      if (clusters.findIndex((other) => other.name === cluster.name) < i) {
        this.#problem(
          ['spec', 'clusters', i, 'name'],
          'config/duplicate',
          `cluster '${cluster.name}' is there twice`,
          'rename one',
        );
      }
    });
    return {
      name: metadata.name,
      policyRepo: {
        url: this.#url(policyRepo.url),
        branch,
        pollInterval: this.#duration(policyRepo.pollInterval ?? 'PT10S', ['spec', 'policyRepo', 'pollInterval']),
      },
      trustRoot: {
        repoId: trustRoot.forge ? String(trustRoot.forge.repoId) : trustRoot.genesis.commit,
        branch,
        genesis: trustRoot.genesis,
        owners: trustRoot.owners.map(({ name, key, account }) => ({ name, key, account })),
        threshold: trustRoot.threshold,
        issuers: trustRoot.issuers.map((entry, i) => ({
          issuer: entry.issuer,
          audience: entry.audience,
          algorithms: entry.algorithms ?? ['RS256', 'ES256'],
          jwksUri: entry.jwksUri,
          maxAge:
            entry.maxAge === undefined
              ? undefined
              : this.#duration(entry.maxAge, ['spec', 'trustRoot', 'issuers', i, 'maxAge']),
          tokenType: entry.tokenType,
        })),
        peers: trustRoot.peers?.map((key, i) => this.#peer(key, ['spec', 'trustRoot', 'peers', i])) ?? [],
        maxSkew: this.#duration(trustRoot.maxSkew ?? 'PT1M', ['spec', 'trustRoot', 'maxSkew']),
        maxStaleness: this.#duration(trustRoot.maxStaleness ?? 'PT15M', ['spec', 'trustRoot', 'maxStaleness']),
        maxStaleDeny: this.#duration(trustRoot.maxStaleDeny ?? 'PT4H', ['spec', 'trustRoot', 'maxStaleDeny']),
      },
      forge: this.#forge(trustRoot.forge),
      stateDir: this.#path(spec.state.dir),
      recording: { dir: this.#path(spec.recording.dir), keyFile: this.#path(spec.recording.keyFile) },
      maskKeyFile: spec.masking && this.#path(spec.masking.keyFile),
      adminSocket: this.#path(spec.admin.socket),
      public: { host: spec.public.host, port: spec.public.port, tls: this.#tls(spec.public.tls) },
      logLevel: spec.log?.level ?? 'info',
      soleGateway: spec.soleGateway ?? false,
      workers: spec.workers === 'auto' ? Math.min(availableParallelism(), mostWorkers) : (spec.workers ?? 1),
      maxBufferedBytes: spec.maxBufferedBytes ?? 256 << 20,
      clusters,
    };
  }

  /** A verifier key of another gateway. */
  #peer(key: string, at: Path): string {
    try {
      return noteVerifier(key).vkey;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const fix = "take the line of the other gateway's .vkey file, beside its recording key";
      this.#problem(at, 'config/peer-key', error.message, fix);
      return key;
    }
  }

  #cluster(cluster: GatewayConfigDocument['spec']['clusters'][number], at: Path): ClusterConfig {
    const { listen, credentials, tls } = cluster;
    this.#checkListener(listen.host, listen.tls, [...at, 'listen', 'host']);
    const range = listen.brokerPorts;
    if (range && range.from > range.to) {
      this.#problem(
        [...at, 'listen', 'brokerPorts'],
        'config/ports',
        `port ${range.from} is after ${range.to}`,
        'put the smaller one in from',
      );
    }
    if (listen.sni) this.#checkNames(listen, [...at, 'listen', 'sni']);
    return {
      name: cluster.name,
      bootstrap: cluster.bootstrap.map(parseHostPort),
      tls: tls && { caFile: tls.caFile === undefined ? undefined : this.#path(tls.caFile), serverName: tls.serverName },
      credentials: {
        mechanism: credentials.mechanism ?? 'SCRAM-SHA-512',
        username: credentials.username,
        passwordFile: this.#path(credentials.passwordFile),
      },
      listen: {
        host: listen.host,
        advertisedHost: listen.advertisedHost ?? listen.host,
        port: listen.port,
        brokerPorts: range,
        tls: this.#tls(listen.tls),
        sni: listen.sni !== undefined,
        maxIdle: this.#duration(listen.maxIdle ?? 'PT10M', [...at, 'listen', 'maxIdle']),
        maxUnauthenticated: listen.maxUnauthenticated ?? 1024,
      },
      sessionIdle: this.#duration(cluster.sessionIdle ?? 'PT5M', [...at, 'sessionIdle']),
    };
  }

  /** Bearer tokens and records go over it: TLS, or nothing but loopback. */
  #checkListener(host: string, tls: object | undefined, at: Path): void {
    if (tls || loopback.test(host)) return;
    this.#problem(
      at,
      'config/insecure-listener',
      `a listener on ${host} without TLS would show tokens and records to the network`,
      'add tls, or listen on 127.0.0.1',
    );
  }

  /** Names are read from TLS hellos, which carry no addresses. */
  #checkNames(listen: GatewayConfigDocument['spec']['clusters'][number]['listen'], at: Path): void {
    const rule = 'config/sni';
    if (!listen.tls) this.#problem(at, rule, 'without TLS there are no server names', 'add tls, or remove sni');
    if (listen.brokerPorts) {
      this.#problem(at, rule, 'with names there is one port for all brokers', 'remove brokerPorts, or sni');
    }
    const host = listen.advertisedHost ?? listen.host;
    if (isIP(host) !== 0 || host.endsWith('.')) {
      this.#problem(at, rule, `'${host}' is no name that clients can ask for`, 'give advertisedHost a DNS name');
    }
  }

  #forge(forge: GatewayConfigDocument['spec']['trustRoot']['forge']): ForgeConfig | undefined {
    if (!forge) return undefined;
    const at = ['spec', 'trustRoot', 'forge'];
    const { kind, url, repo, tokenFile, app, webhookSecretFile } = forge;
    const { protocol, hostname } = new URL(url);
    if (protocol === 'http:' && !loopback.test(hostname)) {
      this.#problem([...at, 'url'], 'config/insecure-forge', 'over http the token would be seen', 'use https');
    }
    if ((tokenFile === undefined) === (app === undefined)) {
      this.#problem(at, 'config/forge-credentials', 'the forge takes one kind of credentials', 'give tokenFile or app');
    }
    if (app && kind !== 'github') {
      this.#problem([...at, 'app'], 'config/forge-credentials', `${kind} knows no such apps`, 'give tokenFile');
    }
    return {
      kind,
      url: url.replace(/\/+$/, ''),
      repo,
      credentials: app
        ? { ...app, privateKeyFile: this.#path(app.privateKeyFile) }
        : { tokenFile: this.#path(tokenFile ?? '') },
      webhookSecretFile: webhookSecretFile === undefined ? undefined : this.#path(webhookSecretFile),
    };
  }

  #checkOwners({ owners, threshold, forge }: GatewayConfigDocument['spec']['trustRoot']): void {
    owners.forEach(({ name, key, account }, i) => {
      const at = ['spec', 'trustRoot', 'owners', i];
      if ((forge ? account : key) === undefined) {
        const [what, why] = forge ? ['account', 'reviews on the forge'] : ['key', 'signed statements'];
        this.#problem(at, 'config/owner', `owner '${name}' has no ${what}, and ${why} are what counts`, `add ${what}`);
      }
      if (key !== undefined && !isPlainKey(key))
        this.#problem(
          [...at, 'key'],
          'config/key',
          'this is not an OpenSSH public key',
          'write it as `type base64`, without a comment',
        );
      const same = (other: (typeof owners)[number]): boolean =>
        other.name === name ||
        (key !== undefined && other.key === key) ||
        (account !== undefined && other.account === account);
      if (owners.findIndex(same) < i) {
        this.#problem(
          at,
          'config/duplicate',
          `owner '${name}', the key or the account is there twice`,
          'one each: a threshold counts people',
        );
      }
    });
    if (threshold > owners.length) {
      this.#problem(
        ['spec', 'trustRoot', 'threshold'],
        'config/threshold',
        `${threshold} signatures of ${owners.length} owners can never be had`,
        'lower it, or add owners',
      );
    }
  }

  #duration(text: string, at: Path): number {
    const ms = parseIsoDuration(text);
    if (ms !== undefined && ms > 0) return ms;
    this.#problem(at, 'config/duration', `'${text}' is not an ISO 8601 duration`, 'write it like PT10S or PT15M');
    return 0;
  }

  #problem(path: Path, rule: string, message: string, fix: string): void {
    this.problems.push({ rule, severity: 'error', message, fix, at: this.#yaml.locate(path) });
  }

  #tls(tls: { certFile: string; keyFile: string } | undefined): ServerTls | undefined {
    return tls && { certFile: this.#path(tls.certFile), keyFile: this.#path(tls.keyFile) };
  }

  #path(path: string): string {
    return isAbsolute(path) ? path : join(this.#folder, path);
  }

  #url(url: string): string {
    const remote = /^(?:https|ssh|file):\/\//.test(url) || isLoopbackHttp(url) || /^[\w.-]+@[\w.-]+:/.test(url);
    return remote ? url : this.#path(url);
  }
}

export function parseHostPort(text: string): HostPort {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}
