/**
 * The codecs of Kafka's record batches, with a cap on what comes out. A wrong input is ProtocolError('BadBatch'), one
 * that grows past the cap ProtocolError('OutputCap'); nothing a peer sends makes more memory than the cap be used,
 * save one LZ4 block (4 MiB at most).
 */
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ProtocolError } from '../errors/sluice-error.ts';
import { compressFrame, decompressFrame } from './lz4-frame.ts';
import { compressSnappy, decompressSnappy } from './snappy-xerial.ts';

/** The codecs; a codec's place in the list is its number in a batch's attributes. */
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** The name of a codec. */
export type Codec = (typeof codecs)[number];

const leastPiece = 1 << 10;
const largestPiece = 1 << 20;

/** At most `cap` bytes come out. With `none` it is the input itself. */
export function decompress(codec: Codec, bytes: Uint8Array, cap: number): Uint8Array {
  switch (codec) {
    case 'none':
      if (bytes.length > cap) throw tooLarge(codec, cap);
      return bytes;
    case 'gzip':
      return inZlib(codec, cap, () => gunzipSync(bytes, { maxOutputLength: cap, chunkSize: pieceOf(bytes, cap) }));
    case 'snappy':
      return decompressSnappy(bytes, cap);
    case 'lz4':
      return decompressFrame(bytes, cap);
    case 'zstd':
      return inZlib(codec, cap, () =>
        zstdDecompressSync(bytes, { maxOutputLength: cap, chunkSize: pieceOf(bytes, cap) }),
      );
  }
}

/** In the form that Kafka's Java client reads. Fast levels: this is done in the path of traffic. */
export function compress(codec: Codec, bytes: Uint8Array): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes, { level: 1, chunkSize: packedPiece(bytes) });
    case 'snappy':
      return compressSnappy(bytes);
    case 'lz4':
      return compressFrame(bytes);
    case 'zstd':
      return zstdCompressSync(bytes, {
        params: { [constants.ZSTD_c_compressionLevel]: 1 },
        chunkSize: packedPiece(bytes),
      });
  }
}

/**
 * Bytes of one piece of output: Node gathers pieces of 16 KB and joins them, which is twice the memory in many parts. The
 * first guess is that it grows fourfold.
 */
function pieceOf(bytes: Uint8Array, cap: number): number {
  return Math.min(Math.max(leastPiece, bytes.length * 4), largestPiece, Math.max(leastPiece, cap));
}

function packedPiece(bytes: Uint8Array): number {
  return Math.min(Math.max(leastPiece, bytes.length), largestPiece);
}

function inZlib(codec: Codec, cap: number, work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(codec, cap);
    }
    throw new ProtocolError('BadBatch', `${codec}: the data does not decompress`);
  }
}

function tooLarge(codec: Codec, cap: number): ProtocolError {
  return new ProtocolError('OutputCap', `${codec} data is larger than ${cap} bytes`);
}
