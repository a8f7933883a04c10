import { styleText } from 'node:util';
import { systemClock } from '../core/clock/clock.ts';

type Format = Parameters<typeof styleText>[0];

/** Tells the story on stdout: chapters, what is done, what came of it. */
export class Narrator {
  readonly #start = systemClock.monotonic();
  readonly #colors = process.stdout.isTTY && !process.env['NO_COLOR'];
  #chapter = 0;

  chapter(title: string): void {
    this.#chapter++;
    const seconds = ((systemClock.monotonic() - this.#start) / 1000).toFixed(1);
    this.#line('');
    this.#line(`${this.#paint('bold', `${this.#chapter}. ${title}`)} ${this.#paint('dim', `(${seconds} s)`)}`);
  }

  note(text: string): void {
    this.#line(`   ${text}`);
  }

  /** A command as somebody typed it. */
  command(who: string, text: string): void {
    this.#line(this.#paint('cyan', `   ${who}$ ${text}`));
  }

  output(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#line(this.#paint('dim', `     ${line}`));
  }

  good(text: string): void {
    this.#line(this.#paint('green', `   ✓ ${text}`));
  }

  failed(what: unknown): void {
    const text = what instanceof Error ? (what.stack ?? what.message) : String(what);
    process.stderr.write(`\n${this.#paint('red', 'The demo could not go on:')} ${text}\n`);
  }

  #paint(format: Format, text: string): string {
    return this.#colors ? styleText(format, text, { validateStream: false }) : text;
  }

  #line(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}
