import { Buffer } from 'node:buffer'; // the global of this name is a getter
import { Socket } from 'node:net';
import { BugError } from '../../core/errors/sluice-error.ts';
import type { BufferBudget } from './buffer-budget.ts';
import { BufferShare } from './buffer-share.ts';

const smallest = 4 << 10;
/** Of a partition consumers ask for a megabyte of records: such an answer is one view, with what is around them. */
const largest = (1 << 20) + (4 << 10);
/** Reads in a row that would have left a smaller buffer mostly empty, after which it is made smaller. */
const patience = 64;
/** By how much it grows and shrinks. */
const step = 4;

/** What a socket's bytes are told to. */
export interface InletEvents {
  /**
   * Bytes that were not used yet, in their order: those that were left last time, then new ones. Returns how many were
   * used; the rest is kept and offered again with more. The memory is used again: it is good until the inlet reads on,
   * so who hands parts of it to another socket pauses this one until they are gone.
   */
  onBytes(view: Buffer): number;
  /** The peer sends no more. */
  onEnd(): void;
  /** Nothing is read until there is memory for what is wanted. */
  onShort?(): void;
  /** Others have waited long for the memory that this inlet's frame has: to be ended. */
  onOverdue?(): void;
  /** Nothing more can be sent or received; called once, last. */
  onClosed(error: NodeJS.ErrnoException | undefined): void;
}

/** The part of a socket's handle that is used here. Undocumented, so looked at before it is relied on. */
interface Handle {
  /** What Node's Socket keeps there. */
  reading?: boolean;
  useUserBuffer(buffer: Uint8Array): void;
  readStop(): number;
}

/**
 * The receiving side of a socket, with one buffer that is read into again and again: no allocation and no copy while
 * bytes come and go, up to 1 MB and a little in one read while they come fast, 4 KB while they do not. Plain TCP sockets
 * give up their handle for this (Node reads at most 64 KB into fresh memory otherwise); TLS sockets, and a Node that has
 * no such handle, are read by 'data' events into the same kind of view. 4 KB each inlet has for itself; what is beyond
 * them is of the budget.
 */
export class Inlet {
  readonly socket: Socket;
  readonly #events: InletEvents;
  readonly #share: BufferShare;
  readonly #handle: Handle | undefined;
  #buffer: Buffer = Buffer.allocUnsafeSlow(smallest);
  #start = 0;
  #end = 0;
  #paused = true;
  #offering = false;
  #closed = false;
  #again = false;
  #wanted = 0;
  /** Reads in a row that a smaller buffer would have done for; -1 when this one was found too small. */
  #reads = 0;
  #error: NodeJS.ErrnoException | undefined;

  /** Takes over a connected socket that has not been read, or has nothing to be read. It starts paused. */
  constructor(socket: Socket, events: InletEvents, budget: BufferBudget) {
    this.#events = events;
    this.#share = new BufferShare({
      budget,
      own: smallest,
      mostKept: largest,
      onGranted: () => {
        if (!this.#paused) this.#readOn();
      },
      onOverdue: () => this.#events.onOverdue?.(),
    });
    const handle = handleOf(socket);
    if (handle) {
      this.#handle = handle;
      this.socket = this.#adopt(socket, handle);
    } else {
      this.socket = socket;
      socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    }
    this.socket.on('end', () => this.#events.onEnd());
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error ??= error;
    });
    this.socket.on('close', () => {
      this.#closed = true;
      this.#buffer = Buffer.alloc(0);
      this.#share.release();
      this.#share.shrink();
      this.#events.onClosed(this.#error);
    });
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Bytes that were offered and not used. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** Offers nothing and reads nothing more until `resume`; what was offered stays where it is. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (!this.#offering) this.socket.pause(); // else when the offer is over
  }

  /** Offers what was left, then reads on. */
  resume(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    if (this.#offering) this.#again = true;
    else if (this.buffered > 0) this.#offer();
    if (this.#offering || this.#paused || this.#closed) return;
    this.#readOn();
  }

  /** The next use needs so many bytes in one view; the buffer grows with what comes, not with what is announced. */
  want(bytes: number): void {
    this.#wanted = bytes;
  }

  /** Reads into the room that there is; without room not until then. */
  #readOn(): void {
    if (!this.#makeRoom()) {
      this.socket.pause();
      return;
    }
    this.#handle?.useUserBuffer(this.#buffer.subarray(this.#end));
    this.socket.resume();
  }

  #adopt(given: Socket, handle: Handle): Socket {
    handle.readStop();
    handle.reading = false;
    const early = given.readableLength > 0 ? (given.read() as Buffer) : undefined;
    (given as unknown as { _handle: unknown })._handle = null;
    given.removeAllListeners();
    given.on('error', () => {});
    const socket = new Socket({
      handle,
      allowHalfOpen: true,
      onread: {
        buffer: () => this.#target(),
        callback: (length: number) => {
          this.#onRead(length);
          return true;
        },
      },
    } as unknown as ConstructorParameters<typeof Socket>[0]);
    socket.setNoDelay(true);
    if (early) this.#append(early);
    return socket;
  }

  /** Where the next read goes. Called by Node at the beginning and after each read. */
  #target(): Buffer {
    if (!this.#paused && !this.#makeRoom()) this.socket.pause();
    // While paused nothing is read; `resume` says where to go on.
    return this.#end < this.#buffer.length ? this.#buffer.subarray(this.#end) : this.#buffer;
  }

  #onRead(length: number): void {
    if (this.#closed) return;
    if (this.#end + length === this.#buffer.length)
      this.#reads = -1; // there may have been more
    else if (length < this.#buffer.length / (step * step)) this.#reads++;
    else this.#reads = 0;
    this.#end += length;
    if (!this.#paused) this.#offer();
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    if (this.buffered === 0 && !this.#paused) {
      const used = this.#give(chunk);
      this.#reads++;
      if (used < chunk.length) this.#append(chunk.subarray(used));
    } else {
      this.#append(chunk);
      if (!this.#paused) this.#offer();
    }
    if (!this.#paused && !this.#closed && !this.#makeRoom()) this.socket.pause();
  }

  #append(bytes: Buffer): void {
    this.#reads = 0;
    const needed = this.#end - this.#start + bytes.length;
    // In fresh memory while paused: somebody may hold on to what is here.
    if (this.#end + bytes.length > this.#buffer.length) {
      this.#move(Math.max(needed, Math.min(this.#share.most, needed * 2)), this.#paused);
    }
    bytes.copy(this.#buffer, this.#end);
    this.#end += bytes.length;
  }

  #offer(): void {
    this.#start += this.#give(this.#buffer.subarray(this.#start, this.#end));
  }

  #give(view: Buffer): number {
    let used = 0;
    this.#offering = true;
    try {
      do {
        this.#again = false;
        this.#wanted = 0;
        const now = this.#events.onBytes(used === 0 ? view : view.subarray(used));
        if (now < 0 || now > view.length - used) throw new BugError('more bytes were used than offered');
        used += now;
      } while (this.#again && !this.#paused && used < view.length);
    } finally {
      this.#offering = false;
      if (this.#paused) this.socket.pause();
    }
    return used;
  }

  /** Called when nobody holds on to what was used: the memory may be used again. False: there is none for the next use. */
  #makeRoom(): boolean {
    const share = this.#share;
    if (share.waiting) return false;
    const left = this.buffered;
    if (left === 0) {
      this.#start = 0;
      this.#end = 0;
      share.release();
      const size = this.#buffer.length;
      if (size > share.kept) this.#resize(share.kept);
      else if (this.#reads < 0 && size < largest) this.#hurry(Math.min(largest, size * step));
      else if (this.#reads > patience && share.kept > smallest) {
        share.keep(Math.max(smallest, (share.kept - (share.kept % (step * smallest))) / step));
        this.#resize(share.kept);
      }
      return true;
    }
    const needed = Math.max(this.#wanted, left + 1);
    const enough = this.#wanted > left ? this.#wanted : left * 2; // what is used in parts does not say how much it needs
    if (share.outlived(needed)) {
      share.release();
      this.#move(Math.max(share.kept, left), true);
    }
    const size = this.#buffer.length;
    const room = size - this.#end; // a little of it behind a little that is left would mean many small reads
    if (size - this.#start >= needed && room > 0 && (room >= size / 4 || left > size / 4)) return true;
    if (needed <= size) this.#move(size, false);
    else if (share.afford(enough)) this.#move(Math.min(share.most, Math.max(size, left * 4)), false);
    else {
      this.#events.onShort?.();
      return false;
    }
    return true;
  }

  /** A larger buffer for more speed, if it can be had. */
  #hurry(size: number): void {
    if (size <= this.#share.kept || this.#share.keep(size)) this.#resize(size);
    else this.#reads = 0;
  }

  #resize(size: number): void {
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#reads = 0;
  }

  /** Puts what was not used at the front, of fresh memory if need be. */
  #move(size: number, fresh: boolean): void {
    const left = this.#end - this.#start;
    if (!fresh && size === this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    } else {
      const buffer = Buffer.allocUnsafeSlow(size);
      this.#buffer.copy(buffer, 0, this.#start, this.#end);
      this.#buffer = buffer;
    }
    this.#start = 0;
    this.#end = left;
  }
}

function handleOf(socket: Socket): Handle | undefined {
  if ('encrypted' in socket) return undefined;
  const handle = (socket as unknown as { _handle?: Partial<Handle> | null })._handle;
  return typeof handle?.useUserBuffer === 'function' && typeof handle.readStop === 'function'
    ? (handle as Handle)
    : undefined;
}
