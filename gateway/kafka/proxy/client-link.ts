import type { Socket } from 'node:net';
import type { Clock } from '../../../core/clock/clock.ts';
import { resetSocket } from '../../net/reset-socket.ts';
import type { Touch } from '../enforce/context.ts';

/** What a client's socket tells its connection. */
export interface ClientLinkEvents {
  onData(chunk: Buffer): void;
  /** The client takes bytes again. */
  onDrain(): void;
  /** The client is gone, or has said that it sends nothing more; perhaps called more than once. */
  onGone(): void;
  /** Nothing more can reach the client; called once, last. */
  onClosed(): void;
}

const lingerMs = 2_000;

/** The client's side of a connection: what was written, what of it the kernel does not have yet, and how it ends. */
export class ClientLink {
  readonly #socket: Socket;
  readonly #clock: Clock;
  /** Topics whose records were written lately: a cut must reach bytes that the kernel does not have yet. */
  readonly #carried = new Map<string, Touch>();

  constructor(socket: Socket, clock: Clock, events: ClientLinkEvents) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('data', (chunk: Buffer) => events.onData(chunk));
    socket.on('drain', () => events.onDrain());
    socket.on('end', () => events.onGone()); // half-closed: brokers close then, too
    socket.on('error', () => events.onGone());
    socket.on('close', () => {
      events.onGone();
      events.onClosed();
    });
  }

  /** More bytes wait than should; write no more until onDrain. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get isPaused(): boolean {
    return this.#socket.isPaused();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Writes an answer that carries records of these touches; returns its size. */
  write(chunks: readonly Uint8Array[], touches: readonly Touch[] = []): number {
    if (this.#socket.writableLength === 0) this.#carried.clear();
    for (const touch of touches) {
      if (touch.operation === 'consume' && touch.kind === 'topic') this.#carried.set(touch.name, touch);
    }
    let bytes = 0;
    this.#socket.cork();
    for (const chunk of chunks) {
      bytes += chunk.length;
      this.#socket.write(chunk);
    }
    this.#socket.uncork();
    return bytes;
  }

  /** Whether bytes that the kernel does not have yet carry something that is lost. */
  holds(lost: (touch: Touch) => boolean): boolean {
    return this.#socket.writableLength > 0 && [...this.#carried.values()].some(lost);
  }

  /** Ends at once: what the kernel does not have is not sent, and what the client has not read is thrown away. */
  reset(): void {
    resetSocket(this.#socket);
  }

  /** Sends what was written, for two seconds at most, and ends. It can still be reset meanwhile. */
  end(): void {
    this.#socket.destroySoon();
    if (!this.#socket.destroyed) this.#clock.after(lingerMs, () => this.#socket.destroy());
  }
}
