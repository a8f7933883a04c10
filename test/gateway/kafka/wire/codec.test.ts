import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Cursor } from '../../../../core/bytes/cursor.ts';
import { Writer } from '../../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../../core/errors/sluice-error.ts';
import { apiByKey, apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultFetchRequest } from '../../../../gateway/kafka/wire/generated/fetch.ts';
import { apiFacts, messageOf } from '../../../support/kafka-messages.ts';

const rows = apiFacts.flatMap(({ key, name, versions: [min, max], request, response }) =>
  Array.from({ length: max - min + 1 }, (_, i) => ({ key, name, v: min + i, request, response })),
);

describe.each(rows)('$name v$v', ({ key, v, request, response }) => {
  const api = apiByKey.get(key)!;

  test('a request comes back the same, in the same bytes, and no cut or flipped byte makes more than a ProtocolError', () => {
    check(messageOf(request, v), v, api.readRequest, api.writeRequest);
  });

  test('so does a response', () => {
    check(messageOf(response, v), v, api.readResponse, api.writeResponse);
  });
});

function check(
  messages: fc.Arbitrary<unknown>,
  v: number,
  read: (c: Cursor, v: number) => unknown,
  write: (w: Writer, v: number, message: unknown) => void,
): void {
  fc.assert(
    fc.property(messages, fc.nat(), fc.nat(255), (message, n, byte) => {
      const bytes = encode(message, v, write);
      const c = new Cursor(bytes);
      const back = read(c, v);
      c.finish();
      expect(back).toEqual(message);
      expect(encode(back, v, write)).toEqual(bytes);
      if (bytes.length === 0) return;
      expect(() => read(new Cursor(bytes.subarray(0, n % bytes.length)), v)).toThrow(ProtocolError);
      bytes[n % bytes.length] = byte;
      try {
        read(new Cursor(bytes), v);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 25 },
  );
}

function encode(message: unknown, v: number, write: (w: Writer, v: number, message: unknown) => void): Buffer {
  const w = new Writer();
  write(w, v, message);
  return w.toBuffer();
}

test.each([3, 19, -1, Number.NaN])('Fetch has no version %s', (v) => {
  expect(() => apis.Fetch.readRequest(new Cursor(new Uint8Array(100)), v)).toThrow(ProtocolError);
  expect(() => apis.Fetch.writeRequest(new Writer(), v, defaultFetchRequest)).toThrow(ProtocolError);
});

test('a value that a version cannot carry is refused, unless the definition lets it be lost', () => {
  const write = (v: number, change: object): void =>
    apis.Fetch.writeRequest(new Writer(), v, { ...defaultFetchRequest, ...change });
  expect(() => write(15, { replicaId: 3 })).toThrow(ProtocolError);
  expect(() => write(14, { replicaId: 3 })).not.toThrow();
  expect(() => write(14, { replicaState: { replicaId: 3, replicaEpoch: 1n } })).toThrow(ProtocolError);
  expect(() => write(6, { rackId: 'a' })).not.toThrow();
  expect(() => write(6, { forgottenTopicsData: [{ topic: 'a', topicId: '', partitions: [] }] })).toThrow(ProtocolError);
  expect(() => write(11, { unknownTags: [{ tag: 9, data: new Uint8Array() }] })).toThrow(ProtocolError);
});

test.each<[string, number[]]>([
  ['out of order', [2, 9, 0, 8, 0]],
  ['twice', [2, 9, 0, 9, 0]],
  ['longer than its bytes', [1, 9, 5, 0]],
])('a tagged field that is %s is refused', (_, tags) => {
  // Heartbeat v4 with three empty strings.
  const body = [1, 0, 0, 0, 0, 1, 0, ...tags];
  expect(() => apis.Heartbeat.readRequest(new Cursor(Uint8Array.from(body)), 4)).toThrow(ProtocolError);
});

test('a known tagged field has to be exactly as long as it says', () => {
  const w = new Writer();
  apis.Fetch.writeRequest(w, 12, { ...defaultFetchRequest, clusterId: 'abc' });
  const bytes = w.toBuffer();
  const size = bytes.indexOf('abc') - 2;
  const longer = Buffer.concat([bytes, Buffer.from([0])]);
  longer[size]! += 1;
  expect(() => apis.Fetch.readRequest(new Cursor(longer), 12)).toThrow(ProtocolError);
});
