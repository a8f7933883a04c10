/**
 * A broker on a loopback port that knows what a gateway asks of one (SCRAM, users, ACLs, metadata) and answers clients'
 * requests as a test says. Users are really checked: a login with a wrong password fails.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Cursor } from '../../core/bytes/cursor.ts';
import { saltedPassword } from '../../gateway/kafka/upstream/scram.ts';
import type { Api, RequestOf, ResponseOf } from '../../gateway/kafka/wire/api.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import type { RequestHeader } from '../../gateway/kafka/wire/request-header.ts';
import { fakeBroker, responseFrame } from './fake-broker.ts';

/** A request of a client that reached the broker. */
export interface Arrived {
  readonly api: Api<unknown, unknown>;
  readonly version: number;
  readonly correlationId: number;
  readonly request: unknown;
  readonly clientId: string;
  /** Who the connection is of. */
  readonly user: string;
  readonly socket: Socket;
  /** Sends the answer, as a whole or up to so many bytes of it. */
  answer(body: unknown, bytes?: number): void;
}

export interface ScriptedBroker extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Requests that nothing of the script's own answered, in order. */
  readonly arrived: Arrived[];
  /** Salted passwords and salts by user. */
  readonly users: ReadonlyMap<string, unknown>;
  readonly acls: ReadonlyMap<string, number>;
  readonly sockets: ReadonlySet<Socket>;
  /** The next request that is not answered by the script itself. */
  next(): Promise<Arrived>;
}

interface User {
  readonly salt: Buffer;
  readonly salted: Buffer;
}

const iterations = 4096;
const offered = [
  apis.Produce,
  apis.Fetch,
  apis.ListOffsets,
  apis.Metadata,
  apis.OffsetCommit,
  apis.OffsetFetch,
  apis.FindCoordinator,
  apis.JoinGroup,
  apis.Heartbeat,
  apis.LeaveGroup,
  apis.SyncGroup,
  apis.DescribeGroups,
  apis.ListGroups,
  apis.CreateTopics,
  apis.InitProducerId,
  apis.AddPartitionsToTxn,
  apis.AlterUserScramCredentials,
  apis.DescribeUserScramCredentials,
  apis.CreateAcls,
  apis.DeleteAcls,
  apis.DescribeAcls,
] as const;

/** `script` may answer a client's request at once; what it does not answer waits in `arrived`. */
export async function scriptedBroker(script: (arrived: Arrived) => void = () => {}): Promise<ScriptedBroker> {
  const users = new Map<string, User>();
  const salt = randomBytes(32);
  users.set('admin', { salt, salted: await saltedPassword('SCRAM-SHA-512', 'admin-secret', salt, iterations) });
  const acls = new Map<string, number>();
  const aclsOf = new Map<string, RequestOf<typeof apis.CreateAcls>['creations'][number][]>();
  const arrived: Arrived[] = [];
  const waiting: ((arrived: Arrived) => void)[] = [];
  const logins = new WeakMap<Socket, { user: string; first: string; nonce: string; server: string }>();
  const byKey = new Map(Object.values(apis).map((api) => [api.key, api as unknown as Api<unknown, unknown>]));
  let port = 0;

  const own = (api: Api<unknown, unknown>, request: never, socket: Socket): unknown => {
    switch (api.key) {
      case apis.ApiVersions.key:
        return {
          errorCode: 0,
          apiKeys: offered.map(({ key, min, max }) => ({ apiKey: key, minVersion: min, maxVersion: max })),
          throttleTimeMs: 0,
          supportedFeatures: [],
          finalizedFeaturesEpoch: -1n,
          finalizedFeatures: [],
          zkMigrationReady: false,
        };
      case apis.SaslHandshake.key:
        return { errorCode: 0, mechanisms: ['SCRAM-SHA-512'] };
      case apis.SaslAuthenticate.key:
        return authenticate(request, socket);
      case apis.AlterUserScramCredentials.key: {
        const { upsertions, deletions } = request as RequestOf<typeof apis.AlterUserScramCredentials>;
        for (const one of upsertions) {
          users.set(one.name, { salt: Buffer.from(one.salt), salted: Buffer.from(one.saltedPassword) });
        }
        for (const { name } of deletions) users.delete(name);
        const names = [...upsertions, ...deletions].map(({ name }) => name);
        return { throttleTimeMs: 0, results: names.map((user) => ({ user, errorCode: 0, errorMessage: null })) };
      }
      case apis.DescribeUserScramCredentials.key: {
        const asked = (request as RequestOf<typeof apis.DescribeUserScramCredentials>).users;
        const names = asked ? asked.map(({ name }) => name).filter((name) => users.has(name)) : [...users.keys()];
        const credentialInfos = [{ mechanism: 2, iterations }];
        const results = names.map((user) => ({ user, errorCode: 0, errorMessage: null, credentialInfos }));
        return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, results };
      }
      case apis.CreateAcls.key: {
        const { creations } = request as RequestOf<typeof apis.CreateAcls>;
        for (const one of creations) {
          aclsOf.set(one.principal, [...(aclsOf.get(one.principal) ?? []), one]);
          acls.set(one.principal, aclsOf.get(one.principal)!.length);
        }
        return { throttleTimeMs: 0, results: creations.map(() => ({ errorCode: 0, errorMessage: null })) };
      }
      case apis.DeleteAcls.key: {
        const { filters } = request as RequestOf<typeof apis.DeleteAcls>;
        for (const filter of filters) {
          const principal = filter.principalFilter ?? '';
          const left = (aclsOf.get(principal) ?? []).filter(
            (one) => filter.resourceNameFilter !== null && one.resourceName !== filter.resourceNameFilter,
          );
          if (left.length > 0) aclsOf.set(principal, left);
          else aclsOf.delete(principal);
          acls.delete(principal);
          if (left.length > 0) acls.set(principal, left.length);
        }
        const none = { errorCode: 0, errorMessage: null, matchingAcls: [] };
        return { throttleTimeMs: 0, filterResults: filters.map(() => none) };
      }
      case apis.DescribeAcls.key: {
        const { principalFilter } = request as RequestOf<typeof apis.DescribeAcls>;
        const found = [...aclsOf].filter(([principal]) => principalFilter === null || principal === principalFilter);
        const resources = found.flatMap(([principal, list]) =>
          list.map((one) => ({
            resourceType: one.resourceType,
            resourceName: one.resourceName,
            patternType: one.resourcePatternType,
            acls: [{ principal, host: '*', operation: one.operation, permissionType: 3 }],
          })),
        );
        return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, resources };
      }
      case apis.Metadata.key: {
        if ((request as RequestOf<typeof apis.Metadata>).topics?.length !== 0) return undefined;
        const answer: ResponseOf<typeof apis.Metadata> = {
          throttleTimeMs: 0,
          brokers: [{ nodeId: 1, host: '127.0.0.1', port, rack: null }],
          clusterId: 'cluster',
          controllerId: 1,
          topics: [],
          clusterAuthorizedOperations: -2147483648,
          errorCode: 0,
        };
        return answer;
      }
      default:
        return undefined;
    }
  };

  const authenticate = (request: never, socket: Socket): unknown => {
    const text = Buffer.from((request as RequestOf<typeof apis.SaslAuthenticate>).authBytes).toString();
    const say = (message: string, errorCode = 0): unknown => ({
      errorCode,
      errorMessage: null,
      authBytes: Buffer.from(message),
      sessionLifetimeMs: 0n,
    });
    const begun = logins.get(socket);
    if (text.startsWith('n,,')) {
      const [, user, nonce] = /^n,,n=([^,]+),r=(.+)$/.exec(text)!;
      const known = users.get(user!);
      if (!known) return say('', 58);
      const server = `r=${nonce}s,s=${known.salt.toString('base64')},i=${iterations}`;
      logins.set(socket, { user: user!, first: text.slice(3), nonce: `${nonce}s`, server });
      return say(server);
    }
    const known = users.get(begun?.user ?? '');
    const [, proof] = /,p=(.+)$/.exec(text) ?? [];
    if (!begun || !known || !proof) return say('', 58);
    const key = (secret: Buffer, of: string): Buffer => createHmac('sha512', secret).update(of).digest();
    const stored = createHash('sha512').update(key(known.salted, 'Client Key')).digest();
    const signed = `${begun.first},${begun.server},c=biws,r=${begun.nonce}`;
    const signature = key(stored, signed);
    const clientKey = Buffer.from(proof, 'base64').map((byte, i) => byte ^ signature[i]!);
    if (!createHash('sha512').update(clientKey).digest().equals(stored)) return say('', 58);
    return say(`v=${key(key(known.salted, 'Server Key'), signed).toString('base64')}`);
  };

  const broker = await fakeBroker((frame, header: RequestHeader, socket) => {
    const api = byKey.get(header.apiKey)!;
    const { apiVersion: version, correlationId } = header;
    const cursor = new Cursor(frame, header.bodyOffset);
    const request = api.readRequest(cursor, version);
    cursor.finish();
    const answer = (body: unknown, bytes?: number): void => {
      socket.write(responseFrame(api, version, correlationId, body).subarray(0, bytes));
    };
    const mine = own(api, request as never, socket);
    if (mine !== undefined) return answer(mine);
    const user = logins.get(socket)?.user ?? '';
    const clientId = header.clientId(frame) ?? '';
    const entry: Arrived = { api, version, correlationId, request, clientId, user, socket, answer };
    const waiter = waiting.shift();
    if (waiter) waiter(entry);
    else arrived.push(entry);
    script(entry);
  });
  port = broker.port;
  return {
    host: broker.host,
    port,
    arrived,
    users,
    acls,
    sockets: broker.sockets,
    next() {
      const entry = arrived.shift();
      return entry ? Promise.resolve(entry) : new Promise((resolve) => waiting.push(resolve));
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
