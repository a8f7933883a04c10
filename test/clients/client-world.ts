/** One client with its listener of the gateway, and what its cases need around it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { type BrokerSide, brokerSide } from './broker-side.ts';
import { type ClientId, ownWords } from './cases.ts';
import { type Client, ClientFailure, type Login, type OnRecord, type Read, type ReadResult } from './operations.ts';
import { namesOf, prefix, revocation } from './policies.ts';

export interface ClientWorld extends AsyncDisposable {
  readonly id: ClientId;
  readonly client: Client;
  /** Past the gateway. */
  readonly broker: BrokerSide;
  /** PLAIN with the token as the password; `who`: the usual person, or the one that is revoked. */
  login(who?: 'usual' | 'live'): Promise<Login>;
  /** OAUTHBEARER with tokens that the client gets itself. */
  bearer(who?: 'usual' | 'short'): Login;
  /** PLAIN through the TLS listener. */
  tls(): Promise<Login>;
  /** PLAIN through the listener in front of the old broker. */
  old(): Promise<Login>;
  readonly oldBroker: BrokerSide;
  /** A name that this client alone uses: `matrix.<stream>.<client>.<name>`. */
  named(stream: Stream, name: string): string;
  /** A new topic of that name. */
  topic(stream: Stream, name: string): Promise<string>;
  read(what: Omit<Read, 'anyGroup'>, onRecord?: OnRecord): Promise<ReadResult>;
  /** The client's own word for what Kafka calls by this name. */
  word(code: string): string;
  /** A counter of the gateway, of this listener, added up by one label. */
  counted(metric: string, label: string): Promise<Readonly<Record<string, number>>>;
  /** Pushes a Revocation of the person `live`. */
  revoke(): void;
}

type Stream = 'open' | 'masked' | 'seen' | 'live' | 'secret';

export async function clientWorld(id: ClientId, start: (tokenUrl: string) => Promise<Client>): Promise<ClientWorld> {
  const matrix = inject('matrix');
  const tokenUrl = `${matrix.issuer}/token`;
  const address = matrix.addresses[id]!;
  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await brokerSide(matrix.broker));
  const oldBroker = stack.use(await brokerSide(matrix.oldBroker));
  const client = stack.use(await start(tokenUrl));
  const names = namesOf(id);
  const named: ClientWorld['named'] = (stream, name) => `${prefix}${stream}.${id}.${name}`;
  const tokens = new Map<string, string>();
  const tokenOf = async (name: string): Promise<string> => {
    const known = tokens.get(name) ?? (await fetchToken(tokenUrl, name, matrix.clientSecret));
    tokens.set(name, known);
    return known;
  };
  const plain = async (name: string): Promise<Login> => ({
    address,
    mechanism: 'PLAIN',
    user: name === names.live ? names.live : id,
    password: await tokenOf(name),
  });
  let groups = 0;
  const moved = stack.move();
  return {
    id,
    client,
    broker,
    oldBroker,
    login: (who = 'usual') => plain(names[who]),
    bearer: (who = 'usual') => ({
      address,
      mechanism: 'OAUTHBEARER',
      user: names[who],
      password: '',
      tokenUrl,
      clientSecret: matrix.clientSecret,
    }),
    tls: async () => ({ ...(await plain(names.usual)), address: matrix.addresses['tls']!, ca: matrix.ca }),
    old: async () => ({ ...(await plain(names.usual)), address: matrix.addresses['old']! }),
    named,
    async topic(stream, name) {
      const topic = named(stream, name);
      await broker.create(topic);
      return topic;
    },
    read: (what, onRecord) => {
      const stream = what.login.user === names.live ? 'live' : 'open';
      return client.run('read', { ...what, anyGroup: named(stream, `any-${++groups}`) }, onRecord);
    },
    word: (code) => ownWords[id]?.[code] ?? code,
    async counted(metric, label) {
      const text = await (await fetch(matrix.metrics)).text();
      const sums: Record<string, number> = {};
      for (const [, labels, value] of text.matchAll(new RegExp(`^${metric}\\{(.*)\\} (\\d+)$`, 'gm'))) {
        const pairs = Object.fromEntries([...labels!.matchAll(/(\w+)="(.*?)"/g)].map(([, key, of]) => [key, of]));
        if (pairs['cluster'] === id) sums[pairs[label]!] = (sums[pairs[label]!] ?? 0) + Number(value);
      }
      return sums;
    },
    revoke() {
      const { path, text } = revocation(names.live);
      push(matrix.repo, join(matrix.folder, `clone-${id}`), path, text);
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

async function fetchToken(url: string, name: string, secret: string): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  if (!token) throw new ClientFailure('NO_TOKEN', `the issuer gave none for ${name}`);
  return token;
}

/** Two clients may push at the same time: the later one takes what is there now, and tries again. */
function push(repo: string, clone: string, path: string, text: string): void {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]): unknown => execFileSync('git', args, { env, stdio: 'pipe' });
  for (let tries = 0; ; tries++) {
    rmSync(clone, { recursive: true, force: true });
    git('clone', '-q', repo, clone);
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
    const who = ['-c', 'user.name=Olga', '-c', 'user.email=olga@example.com'];
    git('-C', clone, 'add', path);
    git('-C', clone, ...who, 'commit', '-q', '-m', 'End the access');
    try {
      git('-C', clone, 'push', '-q', 'origin', 'main');
      return;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}
