import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import { expect, test } from 'vitest';
import { type Codec, codecs, compress, decompress } from '../../../core/bytes/compression.ts';
import { xxhash32 } from '../../../core/bytes/xxhash32.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';

const cap = 1 << 20;
const packed = codecs.filter((codec) => codec !== 'none');
const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.tuple(fc.string(), fc.nat(4000)).map(([s, n]) => Buffer.from(s.repeat(n)).subarray(0, 200_000)),
);

test.each(codecs)('%s: what is compressed comes out the same', (codec) => {
  fc.assert(
    fc.property(content, (bytes) => {
      expect(Buffer.compare(decompress(codec, compress(codec, bytes), cap), bytes)).toBe(0);
    }),
  );
});

test.each(packed)('%s: every cut, and every flipped byte, is a BadBatch or comes out within the cap', (codec) => {
  const whole = Buffer.from(compress(codec, Buffer.from('some text, some text, and some more text. '.repeat(40))));
  for (let length = 1; length < whole.length; length++) {
    expect(code(codec, whole.subarray(0, length)), `cut at ${length}`).toMatch(atCut(codec));
  }
  for (let at = 0; at < whole.length; at++) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 0xff;
    expect(code(codec, flipped), `flipped at ${at}`).toMatch(/BadBatch|OutputCap|whole/);
  }
});

test.each(packed)('%s: garbage never makes anything but a ProtocolError', (codec) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      code(codec, bytes);
    }),
  );
});

test.each(packed)('%s: 100 MB of zeros end at a cap of 1 MB', (codec) => {
  const bomb = compress(codec, new Uint8Array(100_000_000));
  const before = process.memoryUsage().arrayBuffers;
  expect(code(codec, bomb)).toBe('OutputCap');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});

test.each(packed)('%s: exactly the cap passes, one byte more does not', (codec) => {
  const bytes = compress(codec, new Uint8Array(5000));
  expect(decompress(codec, bytes, 5000)).toHaveLength(5000);
  expect(() => decompress(codec, bytes, 4999)).toThrow(expect.objectContaining({ code: 'OutputCap' }));
});

test('snappy: a raw block and two xerial streams in a row are read', () => {
  expect(decompress('snappy', compressSync('hello'), cap)).toEqual(Buffer.from('hello'));
  const two = Buffer.concat([compress('snappy', Buffer.from('a')), compress('snappy', Buffer.from('b'))]);
  expect(decompress('snappy', two, cap)).toEqual(Buffer.from('ab'));
});

test('snappy: a few bytes that announce much are refused before it is allocated', () => {
  expect(code('snappy', Uint8Array.of(0xff, 0xff, 0x3f, 0x00))).toBe('BadBatch');
});

test('lz4: frames of another writer are read, checksums included, and ours by another reader', () => {
  const bytes = Buffer.from('text '.repeat(60_000));
  for (const options of [{}, { contentChecksum: true }, { blockChecksums: true, contentChecksum: true }]) {
    const frame = compressFrameSync(bytes, options);
    expect(decompress('lz4', frame, cap)).toEqual(bytes);
    if (options.contentChecksum) {
      frame[frame.length - 1]! ^= 1;
      expect(code('lz4', frame)).toBe('BadBatch');
    }
  }
  expect(decompressFrameSync(Buffer.from(compress('lz4', bytes)))).toEqual(bytes);
});

test('gzip and zstd: frames of level 9 are read', () => {
  const bytes = Buffer.from('text '.repeat(60_000));
  expect(decompress('gzip', gzipSync(bytes, { level: 9 }), cap)).toEqual(bytes);
  expect(decompress('zstd', zstdCompressSync(bytes), cap)).toEqual(bytes);
});

// Vectors of the xxHash specification's reference program.
test.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])("xxhash32('%s')", (text, expected) => {
  expect(xxhash32(Buffer.from(text))).toBe(expected);
});

function code(codec: Codec, bytes: Uint8Array): string {
  try {
    expect(decompress(codec, bytes, cap).length).toBeLessThanOrEqual(cap);
    return 'whole';
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** A xerial stream may end behind any block, and behind its header; snappy has no end mark. */
function atCut(codec: Codec): RegExp {
  return codec === 'snappy' ? /BadBatch|whole/ : /^BadBatch$/;
}
