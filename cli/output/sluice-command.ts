import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import type { OnProgress } from '../../core/load/on-progress.ts';
import { fitWidth } from './fit-width.ts';
import { Progress } from './progress.ts';
import { type Style, styleFor, wantsColors } from './style.ts';

/**
 * What every command shares: stdout takes the result, stderr everything else, and an exit code says how it went.
 * A command parses its words, calls one action and prints what a renderer makes of the result.
 */
export abstract class SluiceCommand extends Command {
  static override baseFlags = {
    color: Flags.boolean({
      description: 'Colours, whatever FORCE_COLOR, NO_COLOR and the terminal say.',
      allowNo: true,
      helpGroup: 'GLOBAL',
    }),
  };

  /** Writes the result, ending with one line break. */
  protected print(text: string): void {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Writes what is not the result. */
  protected tell(text: string): void {
    process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Does long work, and tells on stderr how far it is; the line is gone before the result is written. */
  protected async withProgress<T>(work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
    using progress = new Progress(process.stderr, systemClock);
    return await work(progress.tell);
  }

  /** Ends the command with this code once all is written. */
  protected finish(exitCode: number): void {
    process.exitCode = exitCode;
  }

  /** Writes a result for a person, as narrow as the terminal. */
  protected show(text: string): void {
    this.print(fitWidth(text, this.width));
  }

  /** Writes for a person what is not the result, as narrow as their terminal. */
  protected tellShown(text: string): void {
    this.tell(fitWidth(text, this.#widthOf(process.stderr)));
  }

  /** Colours for stdout. */
  protected get style(): Style {
    const { argv, env, stdout } = process;
    return styleFor(wantsColors({ argv: argv.slice(2), env, isTTY: stdout.isTTY }));
  }

  /** Somebody is there to answer: a terminal on both sides, and no CI. */
  protected get canAsk(): boolean {
    const ci = process.env['CI'] ?? '';
    return process.stdin.isTTY && process.stderr.isTTY && (ci === '' || ci === '0' || ci === 'false');
  }

  /** Whether stderr has colours. */
  protected get errorColors(): boolean {
    const { argv, env, stderr } = process;
    return wantsColors({ argv: argv.slice(2), env, isTTY: stderr.isTTY });
  }

  /** Columns that text for a person may take: what COLUMNS says, else the terminal; undefined = as many as it needs. */
  protected get width(): number | undefined {
    return this.#widthOf(process.stdout);
  }

  #widthOf(output: { readonly columns?: number }): number | undefined {
    const asked = Number(process.env['COLUMNS']);
    const columns = Number.isInteger(asked) && asked > 0 ? asked : output.columns;
    return columns === undefined ? undefined : Math.max(40, columns);
  }

  /** Errors are described at one place, cli/bin. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }
}
