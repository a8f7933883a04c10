import { Command } from '@oclif/core/command';
import { type Style, styleFor } from './style.ts';

/**
 * What every command shares: stdout takes the result, stderr everything else, and an exit code says how it went.
 * A command parses its words, calls one action and prints what a renderer makes of the result.
 */
export abstract class SluiceCommand extends Command {
  /** Writes the result, ending with one line break. */
  protected print(text: string): void {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Writes what is not the result. */
  protected tell(text: string): void {
    process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Ends the command with this code once all is written. */
  protected finish(exitCode: number): void {
    process.exitCode = exitCode;
  }

  /** Colours for stdout: off when it is no terminal or NO_COLOR is set. */
  protected get style(): Style {
    return styleFor(process.stdout.isTTY && !process.env['NO_COLOR']);
  }

  /** Columns that text for a person may take. */
  protected get width(): number {
    return Math.max(40, process.stdout.columns ?? 100);
  }

  /** Errors are described at one place, cli/bin. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }
}
