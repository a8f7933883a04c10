import { join } from 'node:path';
import { noteSuffix, segmentSuffix } from '../../core/audit/segment-writer.ts';
import type { RecordingDisk, SegmentFile } from './disk.ts';
import type { Chunk } from './line-queue.ts';

/**
 * Puts chunks on the disk, one durable write each. A chunk that failed is offered again as it is: the file
 * is opened anew and cut back to its last durable byte first, so nothing is written twice and nothing half-written
 * stays. (After a failed sync the kernel may have dropped the pages, so they must be written again.)
 */
export class ChunkWriter {
  readonly #folder: string;
  readonly #disk: RecordingDisk;
  #file: SegmentFile | undefined;
  #segment: string | undefined;
  /** Durable bytes of the segment. */
  #size = 0;
  /** The chunk whose lines are durable but whose notes are not. */
  #unnoted: Chunk | undefined;
  #before: string | undefined;
  #cutFirst = false;

  constructor(folder: string, disk: RecordingDisk, lastSegment: string | undefined) {
    this.#folder = folder;
    this.#disk = disk;
    this.#segment = lastSegment;
  }

  /** Calls the chunk's waiters as soon as its lines are durable, then writes the notes. */
  async write(chunk: Chunk): Promise<void> {
    if (this.#unnoted !== chunk) {
      try {
        await this.#lines(chunk);
      } catch (error) {
        this.#cutFirst = true;
        throw error;
      }
      this.#unnoted = chunk;
      for (const waiter of chunk.waiters.splice(0)) process.nextTick(waiter, undefined);
    }
    await this.#notes(chunk);
    this.#unnoted = undefined;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #lines(chunk: Chunk): Promise<void> {
    if (chunk.starts !== undefined && chunk.starts !== this.#segment) {
      await this.close();
      this.#before = this.#segment;
      this.#segment = chunk.starts;
      this.#size = 0;
    }
    if (this.#cutFirst) await this.close().catch(() => undefined); // a handle that failed is not trusted again
    const file = this.#file ?? (await this.#disk.open(join(this.#folder, `${this.#segment}${segmentSuffix}`)));
    this.#file = file;
    if (this.#cutFirst) {
      await file.truncate(this.#size);
      this.#cutFirst = false;
    }
    const bytes = Buffer.from(chunk.lines.join(''));
    for (let sent = 0; sent < bytes.length; ) sent += await file.write(bytes.subarray(sent), this.#size + sent);
    this.#size += bytes.length;
  }

  async #notes(chunk: Chunk): Promise<void> {
    if (chunk.startNote !== undefined && this.#before !== undefined) await this.#note(this.#before, chunk.startNote);
    if (chunk.note !== undefined && this.#segment !== undefined) await this.#note(this.#segment, chunk.note);
  }

  #note(segment: string, note: string): Promise<void> {
    return this.#disk.replace(join(this.#folder, `${segment}${noteSuffix}`), note);
  }
}
