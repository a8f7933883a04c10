import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Cursor } from '../../../../core/bytes/cursor.ts';
import { Writer } from '../../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../../core/errors/sluice-error.ts';
import type { AnyApi } from '../../../../gateway/kafka/wire/api.ts';
import { apiByKey, apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { batchPayload, crcMatches, walkBatches } from '../../../../gateway/kafka/wire/record-batch.ts';
import { RequestHeader, writeRequestHeader } from '../../../../gateway/kafka/wire/request-header.ts';
import { readResponseHeader, writeResponseHeader } from '../../../../gateway/kafka/wire/response-header.ts';
import { readRecords, repacked } from '../../../support/record-batches.ts';

const folder = new URL('../../../fixtures/kafka/frames/', import.meta.url);

interface Fixture {
  readonly file: string;
  readonly api: AnyApi;
  readonly v: number;
  readonly direction: 'request' | 'response';
  readonly bytes: Buffer;
}

const fixtures: Fixture[] = readdirSync(folder).map((file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const match = /^# (\w+) v(\d+) (request|response)/.exec(text)!;
  const api = [...apiByKey.values()].find(({ name }) => name === match[1])!;
  const bytes = Buffer.from(text.replace(/^#.*$/gm, '').replace(/\s/g, ''), 'hex');
  return { file, api, v: Number(match[2]), direction: match[3] as 'request' | 'response', bytes };
});

/** Header and body; the body has to end where the frame does. */
function read(
  { api, v, direction }: Fixture,
  bytes: Buffer,
): { message: unknown; headerEnd: number; correlationId: number } {
  if (direction === 'request') {
    const { apiKey, apiVersion, correlationId, bodyOffset } = new RequestHeader().read(bytes);
    expect([apiKey, apiVersion]).toEqual([api.key, v]);
    const c = new Cursor(bytes, bodyOffset);
    const message = api.readRequest(c, v);
    c.finish();
    return { message, headerEnd: bodyOffset, correlationId };
  }
  const c = new Cursor(bytes, 4);
  const correlationId = readResponseHeader(c, api.responseHeaderVersion(v));
  const headerEnd = c.position;
  const message = api.readResponse(c, v);
  c.finish();
  return { message, headerEnd, correlationId };
}

test('the frames that matter are among the fixtures', () => {
  const names = fixtures.map(({ file }) => file).join(' ');
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    expect(names).toContain(`produce-v13-request-${codec}.hex`);
  for (const other of ['transactional', 'control', 'unknown-tags', 'fetch-v18-response', 'fetch-v11-response'])
    expect(names).toContain(other);
});

describe.each(fixtures)('$file', (fixture) => {
  const { api, v, direction, bytes } = fixture;

  test('is read to its end, and written again it is the same bytes', () => {
    const { message, headerEnd, correlationId } = read(fixture, bytes);
    const w = new Writer();
    if (direction === 'request') {
      const clientId = new RequestHeader().read(bytes).clientId(bytes);
      writeRequestHeader(w, api.requestHeaderVersion(v), { apiKey: api.key, apiVersion: v, correlationId, clientId });
    } else {
      writeResponseHeader(w, api.responseHeaderVersion(v), correlationId);
    }
    if (!fixture.file.includes('unknown-tags')) expect(w.toBuffer()).toEqual(bytes.subarray(4, headerEnd));
    const body = new Writer();
    if (direction === 'request') api.writeRequest(body, v, message);
    else api.writeResponse(body, v, message);
    expect(body.toBuffer()).toEqual(bytes.subarray(headerEnd));
  });

  test('cut at any byte it is a ProtocolError', () => {
    for (let length = 0; length < bytes.length; length++) {
      let error: unknown;
      try {
        read(fixture, bytes.subarray(0, length));
      } catch (caught) {
        error = caught;
      }
      expect(error, `cut at ${length}`).toBeInstanceOf(ProtocolError);
    }
  });

  test('with any byte flipped it is read or a ProtocolError', () => {
    for (let at = 4; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 0xff;
      try {
        if (direction === 'request')
          api.readRequest(new Cursor(flipped, new RequestHeader().read(flipped).bodyOffset), v);
        else api.readResponse(new Cursor(flipped, 8), v);
      } catch (error) {
        expect(error, `flipped at ${at}`).toBeInstanceOf(ProtocolError);
      }
    }
  });
});

function recordsOf(fixture: Fixture): Uint8Array[] {
  const { message } = read(fixture, fixture.bytes);
  if (fixture.api.key === apis.Produce.key && fixture.direction === 'request') {
    const request = message as ReturnType<typeof apis.Produce.readRequest>;
    return request.topicData.flatMap(({ partitionData }) => partitionData.flatMap(({ records }) => records ?? []));
  }
  if (fixture.api.key === apis.Fetch.key && fixture.direction === 'response') {
    const response = message as ReturnType<typeof apis.Fetch.readResponse>;
    return response.responses.flatMap(({ partitions }) => partitions.flatMap(({ records }) => records ?? []));
  }
  return [];
}

const withRecords = fixtures
  .map((fixture) => ({ ...fixture, blobs: recordsOf(fixture) }))
  .filter(({ blobs }) => blobs.length > 0);

test.each(withRecords)('the batches in $file have right checksums and records, and can be rebuilt', ({ blobs }) => {
  for (const blob of blobs) {
    for (const batch of walkBatches(blob)) {
      if (batch.kind !== 'batch') throw new ProtocolError('BadBatch', `a ${batch.kind} batch was recorded`);
      expect(crcMatches(blob, batch)).toBe(true);
      const payload = batchPayload(blob, batch, 1 << 20);
      const records = readRecords(payload, batch.count);
      expect(records.map(({ offsetDelta }) => offsetDelta)).toEqual(records.map((_, i) => i));
      const rebuilt = repacked(blob.subarray(batch.start, batch.end), payload, batch.codec!);
      if (batch.codec === 'none') expect(rebuilt).toEqual(Buffer.from(blob.subarray(batch.start, batch.end)));
      const [again] = walkBatches(rebuilt);
      if (again?.kind !== 'batch') throw new ProtocolError('BadBatch', 'the rebuilt batch is none');
      expect(crcMatches(rebuilt, again)).toBe(true);
      expect(Buffer.compare(batchPayload(rebuilt, again, 1 << 20), payload)).toBe(0);
    }
  }
});
