import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../core/clock/clock.ts';
import type { BrokerConnection } from '../../../../gateway/kafka/upstream/broker-connection.ts';
import { dial } from '../../../../gateway/kafka/upstream/dial.ts';
import { openConnection } from '../../../../gateway/kafka/upstream/open-connection.ts';
import { saslLogin } from '../../../../gateway/kafka/upstream/sasl-login.ts';
import { KafkaError } from '../../../../gateway/kafka/wire/error-codes.ts';
import {
  defaultApiVersionsRequest,
  defaultApiVersionsResponse,
} from '../../../../gateway/kafka/wire/generated/api-versions.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { type FakeBroker, fakeBroker, responseFrame } from '../../../support/fake-broker.ts';

const clock = systemClock;
const unreachable = expect.objectContaining({ code: 'BrokerUnreachable' });
const refused = expect.objectContaining({ code: 'BrokerRefused' });
const ask = (connection: BrokerConnection): Promise<unknown> =>
  connection.request(apis.ApiVersions, 3, defaultApiVersionsRequest);

function open(broker: FakeBroker, timeoutMs = 2000): Promise<BrokerConnection> {
  return openConnection({ clock, address: broker, clientId: 'test', timeoutMs });
}

test('pipelined requests get their own answers, in order, however the bytes are cut', async () => {
  const waiting: Buffer[] = [];
  await using broker = await fakeBroker((_, header, socket) => {
    waiting.push(
      responseFrame(apis.ApiVersions, 3, header.correlationId, {
        ...defaultApiVersionsResponse,
        throttleTimeMs: waiting.length,
      }),
    );
    if (waiting.length === 3) for (const byte of Buffer.concat(waiting)) socket.write(Buffer.of(byte));
  });
  using connection = await open(broker);
  expect(await Promise.all([ask(connection), ask(connection), ask(connection)])).toMatchObject([
    { throttleTimeMs: 0 },
    { throttleTimeMs: 1 },
    { throttleTimeMs: 2 },
  ]);
});

test('a broker that closes fails everything that waits, and what comes later', async () => {
  let asked = 0;
  await using broker = await fakeBroker((_, __, socket) => {
    if (++asked === 2) socket.destroy();
  });
  const connection = await open(broker);
  const both = await Promise.allSettled([ask(connection), ask(connection)]);
  expect(both).toMatchObject([{ reason: unreachable }, { reason: unreachable }]);
  expect(connection.isOpen).toBe(false);
  await expect(ask(connection)).rejects.toThrow(unreachable);
});

test('a broker that is late is given up', async () => {
  await using broker = await fakeBroker(() => undefined);
  const connection = await open(broker, 50);
  await expect(ask(connection)).rejects.toThrow(unreachable);
});

test.each<[string, (correlationId: number) => Buffer]>([
  ['to another request', (id) => responseFrame(apis.ApiVersions, 3, id + 1, defaultApiVersionsResponse)],
  ['that is cut', (id) => Buffer.from([0, 0, 0, 5, 0, 0, 0, id, 0])],
  [
    'with bytes left over',
    (id) => Buffer.concat([Buffer.from([0, 0, 0, 17, 0, 0, 0, id]), Buffer.from('00000100000000000000000000', 'hex')]),
  ],
  ['of 2 GB', () => Buffer.from('7fffffff', 'hex')],
  ['without a header', () => Buffer.from('00000000', 'hex')],
])('an answer %s closes the connection', async (_, answer) => {
  await using broker = await fakeBroker((_frame, header, socket) => socket.write(answer(header.correlationId)));
  const connection = await open(broker);
  await expect(ask(connection)).rejects.toThrow(refused);
  expect(connection.isOpen).toBe(false);
});

test('a connection can be handed on when nothing is due, and not before', async () => {
  await using broker = await fakeBroker((_, header, socket) =>
    socket.write(responseFrame(apis.ApiVersions, 3, header.correlationId, defaultApiVersionsResponse)),
  );
  const connection = await open(broker);
  const due = ask(connection);
  expect(() => connection.detach()).toThrow(expect.objectContaining({ code: 'Bug' }));
  await due;
  const socket = connection.detach();
  expect(socket.destroyed).toBe(false);
  await expect(ask(connection)).rejects.toThrow(unreachable);
  socket.destroy();
});

test('a mechanism that the broker lacks, and an odd error, are refused; a transient one is not final', async () => {
  let errorCode: number = KafkaError.unsupportedSaslMechanism;
  await using broker = await fakeBroker((_, header, socket) =>
    socket.write(responseFrame(apis.SaslHandshake, 1, header.correlationId, { errorCode, mechanisms: ['GSSAPI'] })),
  );
  const login = async (): Promise<unknown> => {
    using connection = await open(broker);
    return await saslLogin(connection, { kind: 'plain', user: 'u', password: 'secret-password' });
  };
  await expect(login()).rejects.toThrow(
    expect.objectContaining({ code: 'BrokerRefused', fix: expect.stringContaining('GSSAPI') }),
  );
  errorCode = KafkaError.illegalSaslState;
  await expect(login()).rejects.toThrow(refused);
  errorCode = KafkaError.requestTimedOut;
  await expect(login()).rejects.toThrow(unreachable);
});

test('a bearer token that is refused costs a second message, and the token is in no error', async () => {
  const said: string[] = [];
  await using broker = await fakeBroker((frame, header, socket) => {
    if (header.apiKey === apis.SaslHandshake.key) {
      socket.write(
        responseFrame(apis.SaslHandshake, 1, header.correlationId, { errorCode: 0, mechanisms: ['OAUTHBEARER'] }),
      );
      return;
    }
    said.push(frame.subarray(header.bodyOffset).toString('latin1'));
    const done = said.length === 2;
    socket.write(
      responseFrame(apis.SaslAuthenticate, 2, header.correlationId, {
        errorCode: done ? KafkaError.saslAuthenticationFailed : 0,
        errorMessage: null,
        authBytes: Buffer.from(done ? '' : '{"status":"invalid_token"}'),
        sessionLifetimeMs: 0n,
      }),
    );
  });
  using connection = await open(broker);
  const error: unknown = await saslLogin(connection, { kind: 'oauthbearer', token: 'to.ke.n' }).catch(
    (e: unknown) => e,
  );
  expect(error).toEqual(refused);
  expect(JSON.stringify(error) + String(error)).not.toContain('to.ke.n');
  expect(said).toHaveLength(2);
  expect(said[0]).toContain('n,,\x01auth=Bearer to.ke.n\x01\x01');
});

test('a port that nobody listens on, a peer that does not answer TLS, and an abort are unreachable', async () => {
  await using broker = await fakeBroker(() => undefined);
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(dial({ host: '127.0.0.1', port }, { clock, timeoutMs: 50, tls: {} })).rejects.toThrow(unreachable);
  silent.close();
  await expect(dial({ host: '127.0.0.1', port: 1 }, { clock, timeoutMs: 1000 })).rejects.toThrow(unreachable);
  await expect(dial(broker, { clock, timeoutMs: 1000, signal: AbortSignal.abort() })).rejects.toThrow(unreachable);
});
