import type { Socket } from 'node:net';
import type { Clock } from '../../../core/clock/clock.ts';
import type { BufferBudget } from '../../net/buffer-budget.ts';
import { Link, type LinkEvents } from '../../net/link.ts';
import type { Touch } from '../enforce/context.ts';

/** What a client's socket tells its connection. */
export interface ClientLinkEvents {
  /** As InletEvents.onBytes. */
  onBytes(view: Buffer): number;
  /** All that was written is with the kernel again. */
  onFlushed(): void;
  /** The client is gone, or has said that it sends nothing more; perhaps called more than once. */
  onGone(): void;
  /** As InletEvents.onShort and onOverdue. */
  onShort(): void;
  onOverdue(): void;
  /** Nothing came, and nothing of what was written was taken, for the time that was given. */
  onIdle(): void;
  /** Nothing more can reach the client; called once, last. */
  onClosed(): void;
}

const lingerMs = 2_000;

/** The client's side of a connection: what was written, what of it the kernel does not have yet, and how it ends. */
export class ClientLink {
  readonly #link: Link;
  readonly #clock: Clock;
  /** Topics whose records were written lately: a cut must reach bytes that the kernel does not have yet. */
  readonly #carried = new Map<string, Touch>();

  constructor(
    socket: Socket,
    { clock, maxIdle, budget }: { clock: Clock; maxIdle: number; budget: BufferBudget },
    events: ClientLinkEvents,
  ) {
    this.#clock = clock;
    const linkEvents: LinkEvents = {
      onBytes: (view) => events.onBytes(view),
      onFlushed: () => events.onFlushed(),
      onEnd: () => events.onGone(), // half-closed: brokers close then, too
      onClosed: () => {
        events.onGone();
        events.onClosed();
      },
      onShort: () => events.onShort(),
      onOverdue: () => events.onOverdue(),
    };
    this.#link = new Link(socket, linkEvents, budget);
    this.#link.socket.setTimeout(maxIdle, () => events.onIdle());
  }

  /** Bytes were flushed that the kernel does not have yet: write no more until onFlushed. */
  get pending(): boolean {
    return this.#link.pending;
  }

  get paused(): boolean {
    return this.#link.inlet.paused;
  }

  pause(): void {
    this.#link.inlet.pause();
  }

  resume(): void {
    this.#link.inlet.resume();
  }

  /** The next view has to hold so many bytes to be of use. */
  want(bytes: number): void {
    this.#link.inlet.want(bytes);
  }

  /** Writes a part of an answer that carries records of these touches; nothing goes out before `flush`. */
  write(chunk: Uint8Array, touches: readonly Touch[]): void {
    if (this.#carried.size > 0 && !this.#link.pending && !this.#link.unflushed) this.#carried.clear();
    for (const touch of touches) {
      if (touch.operation === 'consume' && touch.kind === 'topic') this.#carried.set(touch.name, touch);
    }
    this.#link.write(chunk);
  }

  /** Hands what was written to the kernel; returns the number of bytes. */
  flush(): number {
    return this.#link.flush();
  }

  /** Whether bytes that the kernel does not have yet carry something that is lost. */
  holds(lost: (touch: Touch) => boolean): boolean {
    return this.#link.pending && [...this.#carried.values()].some(lost);
  }

  /** Ends at once: what the kernel does not have is not sent, and what the client has not read is thrown away. */
  reset(): void {
    this.#link.reset();
  }

  /** Sends what was written, for two seconds at most, and ends. It can still be reset meanwhile. */
  end(): void {
    const { socket } = this.#link;
    this.#link.flush();
    socket.destroySoon();
    if (!socket.destroyed) this.#clock.after(lingerMs, () => socket.destroy());
  }
}
