/**
 * CRC-32C (Castagnoli, polynomial 0x82f63b78 reflected), the checksum of Kafka's v2 record batches and of Pulsar's
 * frames, by the processor's own instruction where it has one.
 */
import { crc32c as checksum } from '@node-rs/crc32';
import { asBuffer } from './cursor.ts';

/** Checksum (unsigned) of `bytes[start, end)`; `previous` is the checksum of what came before, for data in pieces. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, previous = 0): number {
  const whole = start === 0 && end === bytes.length;
  return checksum(asBuffer(whole ? bytes : bytes.subarray(start, end)), previous);
}
