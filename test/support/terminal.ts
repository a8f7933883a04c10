/** The real binary on a pseudo-terminal: what a person sees of it, and keys that they press. */
import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

export const keys = { enter: '\r', down: '\u001b[B', space: ' ', ctrlC: '\u0003', ctrlD: '\u0004', erase: '\u0015' };

/** Opens the terminal, since Node cannot: its size, then the command. Output beside it goes to file descriptor 3. */
const opener = `
import fcntl, os, pty, select, struct, sys, termios
columns, redirect, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    if redirect:
        os.dup2(os.open(redirect, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 40, columns, 0, 0))
    os.execvp(command[0], command)
watched = [terminal, 0]
while True:
    for ready in select.select(watched, [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError:
            data = b''
        if ready == 0 and not data:
            watched.remove(0)
        elif ready == 0:
            os.write(terminal, data)
        elif data:
            os.write(1, data)
        else:
            status = os.waitpid(pid, 0)[1]
            sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;

export interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  /** File that takes stdout instead of the terminal. */
  readonly stdout?: string;
}

export class Terminal implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawn>;
  readonly #ended: Promise<number | null>;
  #text = '';
  #seen = 0;
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], { env = {}, columns = 100, stdout = '' }: TerminalOptions = {}) {
    const binary = fileURLToPath(new URL('../../cli/sluice', import.meta.url));
    this.#child = spawn('python3', ['-c', opener, String(columns), stdout, binary, ...args], {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  /** Everything that was written so far, with the codes that colour it and move the cursor. */
  get raw(): string {
    return this.#text;
  }

  get text(): string {
    return stripVTControlCharacters(this.#text).replaceAll('\r', '');
  }

  /** Presses keys one after the other, each once all is written that the one before it led to. */
  async press(...pressed: readonly string[]): Promise<void> {
    for (const one of pressed) {
      await this.#quiet();
      this.#child.stdin!.write(one);
    }
  }

  async #quiet(): Promise<void> {
    let length: number;
    do {
      length = this.#text.length;
      await setTimeout(60);
    } while (length !== this.#text.length);
  }

  /** Waits until something new says this; then what comes after counts as new. */
  async see(wanted: string): Promise<void> {
    for (;;) {
      const at = this.text.indexOf(wanted, this.#seen);
      if (at >= 0) {
        this.#seen = at + wanted.length;
        return;
      }
      if (this.#child.exitCode !== null) throw new TypeError(`ended without '${wanted}':\n${this.text}`);
      await this.#news(wanted);
    }
  }

  async end(): Promise<number | null> {
    return await this.#ended;
  }

  async #news(wanted: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = globalThis.setTimeout(
      () => reject(new TypeError(`no '${wanted}' within 15 s:\n${this.text}`)),
      15_000,
    );
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
