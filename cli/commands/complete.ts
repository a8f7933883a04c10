import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice complete -- WORDS`: what the scripts of `sluice completion` ask. */
export class Complete extends SluiceCommand {
  static override hidden = true;
  static override summary = 'Print what may stand next on a command line.';
  static override strict = false;

  override async run(): Promise<void> {
    const { completeWords } = await import('../actions/complete-words.ts');
    const found = completeWords(this.config.commands, this.argv.slice(this.argv.indexOf('--') + 1));
    const lines = found === 'files' ? [':files'] : found.map(({ word, about }) => `${word}\t${about.split('\n')[0]}`);
    if (lines.length > 0) this.print(lines.join('\n'));
  }
}
