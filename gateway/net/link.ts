import { Buffer } from 'node:buffer'; // the global of this name is a getter
import type { Socket } from 'node:net';
import type { BufferBudget } from './buffer-budget.ts';
import { Inlet, type InletEvents } from './inlet.ts';
import { resetSocket } from './reset-socket.ts';

export interface LinkEvents extends InletEvents {
  /** Everything that was written is with the kernel; called when it was not so right after a flush. */
  onFlushed(): void;
}

const nothing = Buffer.alloc(0);

/**
 * A connected socket for a data path: bytes come through an Inlet, bytes go out in as few writes as can be. Written
 * chunks are not copied: while `pending`, their memory must stay as it is.
 */
export class Link {
  readonly inlet: Inlet;
  readonly #socket: Socket;
  readonly #events: LinkEvents;
  #queue: Uint8Array[] = [];
  #watching = false;

  constructor(socket: Socket, events: LinkEvents, budget: BufferBudget) {
    this.#events = events;
    this.inlet = new Inlet(socket, events, budget);
    this.#socket = this.inlet.socket;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Bytes that were flushed and that the kernel does not have yet. */
  get pending(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Chunks were written that were not flushed yet. */
  get unflushed(): boolean {
    return this.#queue.length > 0;
  }

  /** Puts a chunk behind the others; nothing goes out before `flush`. */
  write(chunk: Uint8Array): void {
    const last = this.#queue.at(-1);
    // Frames that lie side by side go as one.
    if (last && last.buffer === chunk.buffer && last.byteOffset + last.length === chunk.byteOffset) {
      this.#queue[this.#queue.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + chunk.length);
    } else {
      this.#queue.push(chunk);
    }
  }

  /** Hands what was written to the kernel, in one call. Returns the number of bytes. */
  flush(): number {
    const queue = this.#queue;
    if (queue.length === 0) return 0;
    this.#queue = [];
    const socket = this.#socket;
    let bytes = queue[0]!.length;
    if (queue.length === 1) {
      socket.write(queue[0]!);
    } else {
      socket.cork();
      socket.write(queue[0]!);
      for (let i = 1; i < queue.length; i++) {
        bytes += queue[i]!.length;
        socket.write(queue[i]!);
      }
      socket.uncork();
    }
    if (socket.writableLength > 0) this.#watch();
    return bytes;
  }

  /** Ends at once: what the kernel does not have is not sent, and what the peer has not read is thrown away. */
  reset(): void {
    this.#queue = [];
    resetSocket(this.#socket);
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#socket.write(nothing, (error) => {
      this.#watching = false;
      if (error) return;
      if (this.pending) this.#watch();
      else this.#events.onFlushed();
    });
  }
}
