import { write, writeSync } from 'node:fs';

const mostBytes = 4 * 1024 * 1024;
const retryEvery = 100;

/**
 * Lines to a file descriptor, in order, without ever holding up the process: a reader that is slow makes lines wait
 * (at most 4 MB; then they are dropped and counted in a line of their own), and one that has left makes the log end, not
 * the gateway. At exit what is left is written as far as it goes at once.
 */
export class StderrSink {
  readonly #fd: number;
  #lines: string[] = [];
  #bytes = 0;
  #dropped = 0;
  #busy = false;
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
    const text = this.#take();
    if (text === undefined) return;
    this.#busy = true;
    this.#send(Buffer.from(text));
  }

  #send(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      if (error && error.code !== 'EAGAIN') return this.#end();
      const rest = error ? bytes : bytes.subarray(written);
      if (rest.length === 0) {
        this.#busy = false;
        return this.#next();
      }
      if (!error) return this.#send(rest);
      setTimeout(() => this.#send(rest), retryEvery).unref();
    });
  }

  #take(): string | undefined {
    if (this.#dropped > 0) {
      this.#lines.push(`${JSON.stringify({ level: 'warn', msg: 'log lines were dropped', count: this.#dropped })}\n`);
      this.#dropped = 0;
    }
    if (this.#lines.length === 0) return undefined;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#bytes = 0;
    return text;
  }

  #last(): void {
    const text = this.#gone ? undefined : this.#take();
    if (text === undefined) return;
    let bytes = Buffer.from(text);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#fd, bytes));
    } catch {
      // Nobody reads any more, or not now: the process ends all the same.
    }
  }

  #end(): void {
    this.#gone = true;
    this.#lines = [];
    this.#bytes = 0;
  }
}
