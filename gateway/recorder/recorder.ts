import type { AuditEvent, EventOrigin, StopEvent } from '../../core/audit/event.ts';
import { type Instant, SegmentWriter } from '../../core/audit/segment-writer.ts';
import type { NoteSigner } from '../../core/audit/signed-note.ts';
import { Transfers } from '../../core/audit/transfers.ts';
import { lockFolder, type WriterLock } from '../../core/audit/writer-lock.ts';
import { type Clock, sleep, type Timer } from '../../core/clock/clock.ts';
import { SluiceError, UpstreamError } from '../../core/errors/sluice-error.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { makeFolder, nodeDisk, type RecordingDisk } from './disk.ts';
import { type Durable, LineQueue, type QueueLimits } from './line-queue.ts';
import { type RecoveredLog, recoverLog } from './recovery.ts';

export interface RecorderOptions {
  /** The log's own folder, `recordings/<gateway>` or one below it for a worker. */
  readonly folder: string;
  /** Name of the gateway, and of its part, as lines show it. */
  readonly gw: string;
  /** Origin of the log: the signer's name or a path below it (core/audit logOrigin). */
  readonly origin: string;
  readonly signer: NoteSigner;
  readonly clock: Clock;
  /** Version of the gateway, for the `start` line. */
  readonly version: string;
  readonly limits?: QueueLimits;
  readonly segment?: { readonly bytes: number; readonly age: number };
  readonly disk?: RecordingDisk;
  /** The queue is full: stop what makes events, until onDrain. */
  readonly onFull?: () => void;
  readonly onDrain?: () => void;
  /** The recorder can, or can no longer, write. While it cannot, nothing that must be recorded may happen. */
  readonly onHealth?: (healthy: boolean, error: SluiceError | undefined) => void;
}

const checkpointEvery = 10_000;
/** Events that nobody waits for gather for so long, or until they are so many bytes: one write and one sync for all. */
const gatherFor = 100;
const gatherBytes = 256 << 10;
/** Reads and writes that are being gathered become lines early when they are so many. */
const mostGathered = 1024;
const retryEvery = 1000;
const defaultLimits: QueueLimits = { events: 100_000, bytes: 64 * 1024 * 1024 };

/**
 * The durable writer of one log. Events are numbered, chained and queued when they are given, and written in groups.
 * Where somebody waits there is no timer: while one group is on its way to the disk the next one gathers. Events that
 * nobody waits for go to the disk within a tenth of a second, reads and writes of one connection that follow each other
 * as one line (core/audit/transfers.ts). It never drops an event. When the disk fails, everybody who waits is told, and
 * the lines are kept and written when it works again.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #writer: SegmentWriter;
  readonly #queue: LineQueue;
  readonly #transfers = new Transfers();
  readonly #chunks: ChunkWriter;
  readonly #lock: WriterLock;
  readonly #closing = new AbortController();
  #failure: SluiceError | undefined;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #gathering: Timer | undefined;
  #closed = false;

  /** Takes the folder, continues the log that is there, and is ready when its `start` line is durable. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    await makeFolder(options.folder);
    const lock = lockFolder(options.folder, options.clock.now());
    try {
      const log = recoverLog(options.folder);
      const recorder = new Recorder(options, lock, log);
      await recorder.#start(log);
      return recorder;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(options: RecorderOptions, lock: WriterLock, log: RecoveredLog) {
    const { gw, origin, signer } = options;
    this.#options = options;
    this.#clock = options.clock;
    this.#lock = lock;
    const segment = options.segment ? { limits: options.segment } : {};
    this.#writer = new SegmentWriter({ gw, origin, signer, position: log.position, ...segment });
    this.#queue = new LineQueue(
      options.limits ?? defaultLimits,
      () => options.onFull?.(),
      () => options.onDrain?.(),
    );
    this.#chunks = new ChunkWriter(options.folder, options.disk ?? nodeDisk, log.lastSegment);
  }

  /** False from a failed write until the disk works again, and after close. */
  get healthy(): boolean {
    return this.#failure === undefined && !this.#closed;
  }
  get full(): boolean {
    return this.#queue.full;
  }
  /** Events and bytes that are not on the disk yet. */
  get queued(): QueueLimits {
    return { events: this.#queue.events + this.#transfers.size, bytes: this.#queue.bytes };
  }

  /**
   * Queues an event. False when the queue is full now: the event is taken, but make no new ones until onDrain. After
   * close nothing is taken. `origin`: fields that many events share, as one object for all of them.
   */
  append(event: AuditEvent, origin?: EventOrigin): boolean {
    if (!this.#closed && this.#transfers.add(event, origin, this.#now())) {
      if (this.#transfers.size >= mostGathered) this.#settle();
    } else {
      this.#add(event, undefined, origin);
    }
    if (this.#urgent) this.#run();
    else this.#gather();
    return !this.#queue.full;
  }

  /**
   * As append, and calls back once: when the event is on the disk, or with RecorderFailed when it cannot be put there
   * now. Then the event is still kept, but what waits for it must not go on.
   */
  appendStrict(event: AuditEvent, durable: Durable, origin?: EventOrigin): boolean {
    const failure = this.#closed ? closedError(this.#options.folder) : this.#failure;
    this.#add(event, failure ? undefined : durable, origin);
    this.#run();
    if (failure) process.nextTick(durable, failure);
    return !this.#queue.full;
  }

  /** appendStrict as a promise, for what is not on the hot path. */
  record(event: AuditEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.appendStrict(event, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Writes `stop` and a last checkpoint, and gives the folder back. Rejects when they could not be written. */
  async close(reason: StopEvent['reason']): Promise<void> {
    this.#timer?.cancel();
    this.#gathering?.cancel();
    this.#add({ kind: 'stop', reason }, undefined);
    this.#checkpoint();
    this.#closed = true;
    this.#closing.abort();
    while (this.#running !== undefined) await this.#running;
    await this.#chunks.close().catch(() => undefined);
    this.#lock.release();
    if (this.#failure) throw this.#failure;
  }

  async #start(log: RecoveredLog): Promise<void> {
    this.#openSegment(this.#now());
    const torn = log.torn ? { tornBytes: log.torn.bytes, tornFile: log.torn.file.split('/').at(-1) } : {};
    try {
      await this.record({ kind: 'start', version: this.#options.version, clean: log.clean, ...torn });
    } catch (error) {
      this.#closing.abort();
      await this.#running;
      await this.#chunks.close().catch(() => undefined);
      throw error;
    }
    this.#tick();
  }

  #tick(): void {
    this.#timer = this.#clock.after(checkpointEvery, () => {
      this.#tick();
      if (!this.healthy) return;
      const at = this.#now();
      this.#settle();
      if (this.#writer.full(at)) this.#openSegment(at);
      else this.#checkpoint();
      try {
        this.#lock.touch(at.now);
      } catch {
        // The lock's time matters to other machines only, and a disk that fails is noticed by the next write.
      }
    });
  }

  #add(event: AuditEvent, durable: Durable | undefined, origin?: EventOrigin): void {
    if (this.#closed) return;
    this.#settle();
    this.#line(event, this.#now(), durable, origin);
  }

  /** What was gathered becomes lines, in front of whatever comes next. */
  #settle(): void {
    if (this.#transfers.size === 0) return;
    for (const { event, at, origin } of this.#transfers.take()) this.#line(event, at, undefined, origin);
  }

  #line(event: AuditEvent, at: Instant, durable: Durable | undefined, origin: EventOrigin | undefined): void {
    if (this.#writer.full(at)) this.#openSegment(at);
    this.#queue.add(this.#writer.line(event, at, origin), durable);
  }

  #gather(): void {
    if (this.#closed) return;
    this.#gathering ??= this.#clock.after(gatherFor, () => {
      this.#gathering = undefined;
      this.#settle();
      this.#run();
    });
  }

  #openSegment(at: Instant): void {
    const { name, line, note } = this.#writer.open(at);
    this.#queue.startSegment(name, line, note);
    this.#run();
  }

  #checkpoint(): void {
    const { line, note } = this.#writer.checkpoint(this.#now());
    this.#queue.add(line, undefined, note);
    this.#run();
  }

  #now(): Instant {
    return { now: this.#clock.now(), mono: this.#clock.monotonic() };
  }

  #run(): void {
    this.#running ??= this.#flush().finally(() => {
      this.#running = undefined;
      if (!this.#queue.first || (this.#failure && this.#closing.signal.aborted)) return;
      if (this.#urgent) this.#run();
      else this.#gather();
    });
  }

  async #flush(): Promise<void> {
    await new Promise(setImmediate); // what this turn of the event loop still appends goes into the first write
    for (let chunk = this.#queue.seal(); chunk; chunk = this.#queue.seal()) {
      try {
        await this.#chunks.write(chunk);
      } catch (cause) {
        this.#fail(cause);
        if (this.#closing.signal.aborted) return;
        await sleep(this.#clock, retryEvery, this.#closing.signal).catch(() => undefined);
        continue;
      }
      this.#queue.done();
      if (this.#failure) this.#recover();
      if (!this.#urgent) return;
    }
  }

  /** Something in the queue should not wait for more. */
  get #urgent(): boolean {
    return this.#closing.signal.aborted || this.#queue.pressing || this.#queue.bytes >= gatherBytes;
  }

  #fail(cause: unknown): void {
    const first = this.#failure === undefined;
    this.#failure ??= new UpstreamError('RecorderFailed', 'the recording could not be written', {
      why: reasonOf(cause),
      at: this.#options.folder,
      fix: 'make room on the disk, or mend it; writing goes on by itself',
      retry: 'later',
    });
    for (const waiter of this.#queue.takeWaiters()) waiter(this.#failure);
    if (first) this.#options.onHealth?.(false, this.#failure);
  }

  #recover(): void {
    this.#failure = undefined;
    this.#add({ kind: 'error', code: 'RecorderFailed', where: 'recorder' }, undefined);
    this.#checkpoint();
    this.#options.onHealth?.(true, undefined);
  }
}

function closedError(at: string): SluiceError {
  return new UpstreamError('RecorderFailed', 'the recording is closed', { at });
}

/** The system's own word, ENOSPC and its like: its message would name paths, a library's could quote data. */
function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (cause instanceof SluiceError || typeof code !== 'string') return 'the write failed';
  return code;
}
