import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cursor } from '../../../../core/bytes/cursor.ts';
import { Writer } from '../../../../core/bytes/writer.ts';
import { ApiKey, apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { RequestHeader, writeRequestHeader } from '../../../../gateway/kafka/wire/request-header.ts';
import { readResponseHeader, writeResponseHeader } from '../../../../gateway/kafka/wire/response-header.ts';
import { sharedVersions } from '../../../../gateway/kafka/wire/version-range.ts';

test.each([
  ['plain', 1 as const, 11],
  ['flexible', 2 as const, 12],
])('a %s request header comes back, and the body begins behind it', (_, headerVersion, apiVersion) => {
  fc.assert(
    fc.property(fc.integer(), fc.option(fc.string({ maxLength: 50 })), (correlationId, clientId) => {
      const w = new Writer();
      w.int32(0);
      writeRequestHeader(w, headerVersion, { apiKey: ApiKey.Fetch, apiVersion, correlationId, clientId });
      const frame = w.toBuffer();
      const header = new RequestHeader().read(frame);
      expect(header).toMatchObject({ apiKey: 1, apiVersion, correlationId, bodyOffset: frame.length });
      expect(header.clientId(frame)).toBe(clientId);
    }),
  );
});

test('tags in a flexible header are stepped over', () => {
  const frame = Buffer.from('00000000000100120000000700016101050378797aff', 'hex');
  const header = new RequestHeader().read(frame);
  expect(header).toMatchObject({ apiVersion: 18, correlationId: 7, bodyOffset: frame.length - 1 });
  expect(header.clientId(frame)).toBe('a');
});

test.each([
  ['nothing', '00000000'],
  ['nine bytes', '00000000000100120000000700'],
  ['a client id past the end', '000000000001000b00000007000561'],
  ['a client id of length -2', '000000000001000b00000007fffe'],
  ['tags past the end', '00000000000100120000000700016105'],
])('a request header of %s is a BadFrame', (_, hex) => {
  expect(() => new RequestHeader().read(Buffer.from(hex, 'hex'))).toThrow(
    expect.objectContaining({ code: 'BadFrame' }),
  );
});

test('an API that is not known still has a header', () => {
  const header = new RequestHeader().read(Buffer.from('0000000003e7000100000007ffff', 'hex'));
  expect(header).toMatchObject({ apiKey: 999, apiVersion: 1, correlationId: 7, clientIdIsNull: true });
});

test('a response header comes back in both versions, and ApiVersions always has the old one', () => {
  for (const version of [0, 1] as const) {
    const w = new Writer();
    writeResponseHeader(w, version, -5);
    const c = new Cursor(w.toBuffer());
    expect(readResponseHeader(c, version)).toBe(-5);
    c.finish();
  }
  expect(apis.ApiVersions.responseHeaderVersion(4)).toBe(0);
  expect(apis.ApiVersions.requestHeaderVersion(4)).toBe(2);
  expect(apis.Metadata.responseHeaderVersion(9)).toBe(1);
  expect(apis.SaslHandshake.requestHeaderVersion(1)).toBe(1);
});

test.each([
  [
    { min: 0, max: 13 },
    { min: 4, max: 13 },
  ],
  [
    { min: 10, max: 99 },
    { min: 10, max: 18 },
  ],
  [{ min: 0, max: 3 }, undefined],
  [undefined, undefined],
])('of a peer with %o Fetch can use %o', (peer, expected) => {
  expect(sharedVersions(apis.Fetch, peer)).toEqual(expected);
});
