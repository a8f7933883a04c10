import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig, parseConfig, parseHostPort } from '../../../gateway/config/load-config.ts';
import { tempDir } from '../../support/temp-dir.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx0qZ0oWQ7lmVJ2tXo8aV4cJmTnB1sD5eYgRk3hUuHp';
const otherKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMx0qZ0oWQ7lmVJ2tXo8aV4cJmTnB1sD5eYgRk3hUuHq';

type Spec = Record<string, unknown>;

function minimal(): { trustRoot: Spec; clusters: Spec[] } & Spec {
  return {
    policyRepo: { url: 'policies.git' },
    trustRoot: {
      genesis: { commit: 'a'.repeat(40), tree: 'b'.repeat(40) },
      owners: [{ name: 'olga', key }],
      threshold: 1,
      issuers: [{ issuer: 'https://login.example.com', audience: 'sluice' }],
    },
    state: { dir: 'state' },
    recording: { dir: 'recordings', keyFile: 'keys/recording.pem' },
    admin: { socket: 'admin.sock' },
    public: { host: '127.0.0.1', port: 8080 },
    clusters: [
      {
        name: 'main',
        bootstrap: ['kafka-1:9092'],
        credentials: { username: 'sluice', passwordFile: 'kafka.password' },
        listen: { host: '127.0.0.1', port: 9092 },
      },
    ],
  };
}

function yaml(spec: Spec): string {
  return stringify({ apiVersion: 'sluice.dev/v1', kind: 'Gateway', metadata: { name: 'gw1' }, spec });
}

const parse = (text: string): ReturnType<typeof parseConfig> =>
  parseConfig('/etc/sluice/gateway.yaml', Buffer.from(text));

/** `rule` at the text that the column points to. */
function found(text: string): string[] {
  const lines = text.split('\n');
  return parse(text).problems.map(({ rule, at }) => {
    expect(at.file).toBe('/etc/sluice/gateway.yaml');
    return `${rule} ${lines[at.line - 1]!.slice(at.column - 1)}`;
  });
}

test('what is left out has its default, and paths count from the folder of the file', () => {
  const { config, problems } = parse(yaml(minimal()));
  expect(problems).toEqual([]);
  expect(config).toEqual({
    name: 'gw1',
    policyRepo: { url: '/etc/sluice/policies.git', branch: 'main', pollInterval: 10_000 },
    trustRoot: {
      repoId: 'a'.repeat(40),
      branch: 'main',
      genesis: { commit: 'a'.repeat(40), tree: 'b'.repeat(40) },
      owners: [{ name: 'olga', key }],
      threshold: 1,
      issuers: [
        {
          issuer: 'https://login.example.com',
          audience: 'sluice',
          algorithms: ['RS256', 'ES256'],
          jwksUri: undefined,
          maxAge: undefined,
          tokenType: undefined,
        },
      ],
      maxSkew: 60_000,
      maxStaleness: 900_000,
      maxStaleDeny: 14_400_000,
      peers: [],
    },
    stateDir: '/etc/sluice/state',
    recording: { dir: '/etc/sluice/recordings', keyFile: '/etc/sluice/keys/recording.pem' },
    maskKeyFile: undefined,
    adminSocket: '/etc/sluice/admin.sock',
    public: { host: '127.0.0.1', port: 8080, tls: undefined },
    logLevel: 'info',
    soleGateway: false,
    workers: 1,
    maxBufferedBytes: 268_435_456,
    clusters: [
      {
        name: 'main',
        bootstrap: [{ host: 'kafka-1', port: 9092 }],
        tls: undefined,
        credentials: {
          mechanism: 'SCRAM-SHA-512',
          username: 'sluice',
          passwordFile: '/etc/sluice/kafka.password',
        },
        listen: {
          host: '127.0.0.1',
          advertisedHost: '127.0.0.1',
          port: 9092,
          brokerPorts: undefined,
          tls: undefined,
          sni: false,
          maxIdle: 600_000,
          maxUnauthenticated: 1024,
        },
        sessionIdle: 300_000,
      },
    ],
  });
});

test('every field arrives', () => {
  const tls = { certFile: 'tls.crt', keyFile: '/abs/tls.key' };
  const served = { certFile: '/etc/sluice/tls.crt', keyFile: '/abs/tls.key' };
  const spec = minimal();
  const { config, problems } = parse(
    yaml({
      policyRepo: { url: 'ssh://git@git.example.com/policies.git', branch: 'prod', pollInterval: 'PT30S' },
      trustRoot: {
        ...spec.trustRoot,
        owners: [
          { name: 'olga', key },
          { name: 'otto', key: otherKey },
        ],
        threshold: 2,
        issuers: [
          {
            issuer: 'https://login.example.com',
            audience: 'sluice',
            algorithms: ['EdDSA'],
            jwksUri: 'https://login.example.com/jwks',
            maxAge: 'PT12H',
            tokenType: 'at+jwt',
          },
        ],
        maxSkew: 'PT5S',
        maxStaleness: 'PT1M',
        maxStaleDeny: 'P1D',
      },
      state: { dir: '/var/lib/sluice' },
      recording: { dir: '/var/rec', keyFile: '/etc/keys/rec.pem' },
      masking: { keyFile: 'mask.key' },
      admin: { socket: '/run/sluice/admin.sock' },
      public: { host: '0.0.0.0', port: 0, tls },
      log: { level: 'debug' },
      clusters: [
        {
          name: 'main',
          bootstrap: ['kafka-1:9092', '[2001:db8::1]:9093'],
          tls: { caFile: 'ca.pem', serverName: 'kafka.internal' },
          credentials: { mechanism: 'SCRAM-SHA-256', username: 'u', passwordFile: '/p' },
          listen: {
            host: '0.0.0.0',
            advertisedHost: 'kafka.example.com',
            port: 1,
            brokerPorts: { from: 2, to: 3 },
            tls,
            maxIdle: 'PT30S',
            maxUnauthenticated: 7,
          },
          sessionIdle: 'PT1S',
        },
        {
          name: 'named',
          bootstrap: ['kafka-2:9092'],
          credentials: { username: 'u', passwordFile: '/p' },
          listen: { host: '0.0.0.0', advertisedHost: 'named.example.com', port: 2, tls, sni: {} },
        },
      ],
    }),
  );
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    policyRepo: { url: 'ssh://git@git.example.com/policies.git', branch: 'prod', pollInterval: 30_000 },
    trustRoot: {
      branch: 'prod',
      threshold: 2,
      issuers: [
        { algorithms: ['EdDSA'], jwksUri: 'https://login.example.com/jwks', maxAge: 43_200_000, tokenType: 'at+jwt' },
      ],
      maxSkew: 5000,
      maxStaleness: 60_000,
      maxStaleDeny: 86_400_000,
    },
    stateDir: '/var/lib/sluice',
    recording: { dir: '/var/rec', keyFile: '/etc/keys/rec.pem' },
    maskKeyFile: '/etc/sluice/mask.key',
    adminSocket: '/run/sluice/admin.sock',
    public: { host: '0.0.0.0', port: 0, tls: served },
    logLevel: 'debug',
    clusters: [
      {
        bootstrap: [
          { host: 'kafka-1', port: 9092 },
          { host: '2001:db8::1', port: 9093 },
        ],
        tls: { caFile: '/etc/sluice/ca.pem', serverName: 'kafka.internal' },
        credentials: { mechanism: 'SCRAM-SHA-256', username: 'u', passwordFile: '/p' },
        listen: {
          advertisedHost: 'kafka.example.com',
          brokerPorts: { from: 2, to: 3 },
          tls: served,
          sni: false,
          maxIdle: 30_000,
          maxUnauthenticated: 7,
        },
        sessionIdle: 1000,
      },
      { listen: { advertisedHost: 'named.example.com', brokerPorts: undefined, tls: served, sni: true } },
    ],
  });
});

test.each(['https://git.example.com/p.git', 'file:///srv/p.git', 'git@github.com:acme/policies.git', '/srv/p.git'])(
  'the repo %s is left as it is',
  (url) => {
    expect(parse(yaml({ ...minimal(), policyRepo: { url } })).config?.policyRepo.url).toBe(url);
  },
);

const issuer = { issuer: 'https://login.example.com', audience: 'sluice' };
const problems: [string, (spec: ReturnType<typeof minimal>) => Spec, string[]][] = [
  ['public without TLS', (s) => ({ ...s, public: { host: '0.0.0.0', port: 1 } }), ['config/insecure-listener 0.0.0.0']],
  [
    'a cluster without TLS',
    (s) => ({ ...s, clusters: [{ ...s.clusters[0], listen: { host: '10.0.0.1', port: 1 } }] }),
    ['config/insecure-listener 10.0.0.1'],
  ],
  [
    'a name that looks like loopback',
    (s) => ({ ...s, public: { host: '127.0.0.1.example.com', port: 1 } }),
    ['config/insecure-listener 127.0.0.1.example.com'],
  ],
  [
    'a cluster twice',
    (s) => ({ ...s, clusters: [s.clusters[0], s.clusters[0]].map((c) => structuredClone(c)) }),
    ['config/duplicate main'],
  ],
  [
    'ports the wrong way round',
    (s) => ({
      ...s,
      clusters: [{ ...s.clusters[0], listen: { host: '127.0.0.1', port: 1, brokerPorts: { from: 9, to: 8 } } }],
    }),
    ['config/ports from: 9'],
  ],
  [
    'a damaged key of a peer',
    (s) => ({ ...s, trustRoot: { ...s.trustRoot, peers: ['sluice.dev/audit/gw2+00000000+AAAA'] } }),
    ['config/peer-key sluice.dev/audit/gw2+00000000+AAAA'],
  ],
  [
    'names without TLS, beside ports, of an address',
    (s) => ({
      ...s,
      clusters: [
        { ...s.clusters[0], listen: { host: '127.0.0.1', port: 1, brokerPorts: { from: 8, to: 9 }, sni: {} } },
      ],
    }),
    ['config/sni {}', 'config/sni {}', 'config/sni {}'],
  ],
  [
    'an owner twice',
    (s) => ({
      ...s,
      trustRoot: {
        ...s.trustRoot,
        owners: [
          { name: 'olga', key },
          { name: 'olga', key: otherKey },
        ],
      },
    }),
    ['config/duplicate name: olga'],
  ],
  [
    'a key twice',
    (s) => ({
      ...s,
      trustRoot: {
        ...s.trustRoot,
        owners: [
          { name: 'olga', key },
          { name: 'otto', key },
        ],
      },
    }),
    ['config/duplicate name: otto'],
  ],
  [
    'a key with a comment',
    (s) => ({ ...s, trustRoot: { ...s.trustRoot, owners: [{ name: 'olga', key: `${key} olga@home` }] } }),
    [expect.stringMatching(/^schema\/pattern ssh-ed25519/)] as never,
  ],
  [
    'a threshold nobody can reach',
    (s) => ({ ...s, trustRoot: { ...s.trustRoot, threshold: 2 } }),
    ['config/threshold 2'],
  ],
  [
    'durations that are none',
    (s) => ({
      ...s,
      policyRepo: { url: 'p.git', pollInterval: '10s' },
      trustRoot: {
        ...s.trustRoot,
        issuers: [{ ...issuer, maxAge: 'PT0S' }],
        maxSkew: 'P1M',
        maxStaleness: 'soon',
        maxStaleDeny: 'PT',
      },
      clusters: [{ ...s.clusters[0], sessionIdle: '-PT5M' }],
    }),
    [
      'config/duration -PT5M',
      'config/duration 10s',
      'config/duration PT0S',
      'config/duration P1M',
      'config/duration soon',
      'config/duration PT',
    ],
  ],
  ['a key that is not known', (s) => ({ ...s, metrics: {} }), ['schema/unknown-key metrics: {}']],
  [
    'things of the wrong kind',
    (s) => ({ ...s, public: { host: '', port: 70_000 }, log: { level: 'loud' } }),
    [expect.stringContaining('""'), expect.stringContaining('70000'), expect.stringContaining('loud')] as never,
  ],
  ['no clusters', (s) => ({ ...s, clusters: [] }), [expect.stringMatching(/^schema\//)] as never],
];

test.each(problems)('%s: said where it stands', (_what, change, expected) => {
  expect(found(yaml(change(minimal())))).toEqual(expected);
});

test('all problems at once, in the order of the checks', () => {
  const spec = minimal();
  const text = yaml({
    ...spec,
    public: { host: '0.0.0.0', port: 1 },
    trustRoot: { ...spec.trustRoot, threshold: 5, maxSkew: 'x' },
    clusters: [spec.clusters[0], { ...spec.clusters[0] }],
  });
  expect(found(text).map((line) => line.split(' ')[0])).toEqual([
    'config/threshold',
    'config/insecure-listener',
    'config/duplicate',
    'config/duration',
  ]);
});

test('the error names file, line and column of each problem, and all of them', async () => {
  await using dir = await tempDir();
  const file = dir.join('gateway.yaml');
  const spec = minimal();
  writeFileSync(file, yaml({ ...spec, trustRoot: { ...spec.trustRoot, threshold: 3, maxSkew: 'x' } }));
  const error = await loadConfig(file).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'BadConfig', message: `${file} has 2 problems` });
  const { why, at } = error as { why: string; at: string };
  expect(why.split('\n')).toHaveLength(2);
  for (const line of why.split('\n')) expect(line.startsWith(`${file}:`)).toBe(true);
  expect(why).toMatch(/^\S+:\d+:\d+: 3 signatures of 1 owners can never be had \(lower it, or add owners\)$/m);
  expect(at).toMatch(/gateway\.yaml:\d+:\d+$/);
});

test('nothing but insecure listeners has a code of its own', async () => {
  await using dir = await tempDir();
  const file = dir.join('gateway.yaml');
  writeFileSync(file, yaml({ ...minimal(), public: { host: '0.0.0.0', port: 1 } }));
  await expect(loadConfig(file)).rejects.toMatchObject({ code: 'InsecureListener' });
});

test('a file that is not there, a folder, and something that is not YAML', async () => {
  await using dir = await tempDir();
  await expect(loadConfig(dir.join('none.yaml'))).rejects.toMatchObject({ code: 'FileUnreadable', why: 'ENOENT' });
  await expect(loadConfig(dir.path)).rejects.toMatchObject({ code: 'FileUnreadable', why: 'EISDIR' });
  writeFileSync(dir.join('bad.yaml'), 'spec: [\n');
  await expect(loadConfig(dir.join('bad.yaml'))).rejects.toMatchObject({
    code: 'BadConfig',
    at: expect.stringMatching(/bad\.yaml:\d+:\d+$/),
  });
});

test('a document of another kind is refused', () => {
  const text = yaml(minimal()).replace('kind: Gateway', 'kind: Grant');
  expect(parse(text).config).toBeUndefined();
  expect(found(text).join()).toContain('Grant');
});

test.each([
  ['kafka:9092', { host: 'kafka', port: 9092 }],
  ['[::1]:1', { host: '::1', port: 1 }],
])('%s', (text, expected) => {
  expect(parseHostPort(text)).toEqual(expected);
});
