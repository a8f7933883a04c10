import { write, writeSync } from 'node:fs';

const mostBytes = 4 * 1024 * 1024;
/** Writes up to this size stay in one piece in a pipe that other processes write to as well (POSIX PIPE_BUF on Linux). */
const mostTogether = 4096;
const retryEvery = 100;
const atExit = { step: 20, steps: 50 };

/**
 * Lines to a file descriptor, in order, without ever holding up the process: a reader that is slow makes lines wait
 * (at most 4 MB; then they are dropped and counted in a line of their own), and one that has left makes the log end, not
 * the gateway. At exit what is left is written, for a second at most.
 */
export class StderrSink {
  readonly #fd: number;
  #lines: string[] = [];
  #bytes = 0;
  #dropped = 0;
  #busy = false;
  /** What waits for the reader to make room. */
  #held: Buffer | undefined;
  #gone = false;

  constructor(fd = 2) {
    this.#fd = fd;
    process.once('exit', () => this.#last());
  }

  write(line: string): void {
    if (this.#gone) return;
    if (this.#bytes >= mostBytes) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const text = this.#take(mostTogether);
    if (text === undefined) return;
    this.#busy = true;
    this.#send(Buffer.from(text));
  }

  #send(bytes: Buffer): void {
    this.#held = undefined;
    write(this.#fd, bytes, (error, written) => {
      if (error && error.code !== 'EAGAIN') return this.#end();
      const rest = error ? bytes : bytes.subarray(written);
      if (rest.length === 0) {
        this.#busy = false;
        return this.#next();
      }
      if (!error) return this.#send(rest);
      this.#held = rest;
      setTimeout(() => this.#send(rest), retryEvery).unref();
    });
  }

  #take(most: number): string | undefined {
    if (this.#dropped > 0) {
      this.#lines.push(`${JSON.stringify({ level: 'warn', msg: 'log lines were dropped', count: this.#dropped })}\n`);
      this.#dropped = 0;
    }
    if (this.#lines.length === 0) return undefined;
    let bytes = 0;
    let count = 0;
    for (const line of this.#lines) {
      bytes += Buffer.byteLength(line);
      if (count > 0 && bytes > most) break;
      count++;
    }
    const text = this.#lines.splice(0, count).join('');
    this.#bytes = Math.max(0, this.#bytes - text.length);
    return text;
  }

  #last(): void {
    if (this.#gone) return;
    if (this.#busy && !this.#held) pause(atExit.step); // a write is under way in a thread, which goes on meanwhile
    let bytes = Buffer.concat([this.#held ?? Buffer.alloc(0), Buffer.from(this.#take(Number.POSITIVE_INFINITY) ?? '')]);
    for (let left = atExit.steps; bytes.length > 0 && left > 0; ) {
      try {
        bytes = bytes.subarray(writeSync(this.#fd, bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return; // nobody reads any more
        left--;
        pause(atExit.step);
      }
    }
  }

  #end(): void {
    this.#gone = true;
    this.#lines = [];
    this.#bytes = 0;
  }
}

/** Holds the whole process: for its very end only. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
