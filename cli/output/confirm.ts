import { createInterface } from 'node:readline/promises';
import { InputError } from '../../core/errors/sluice-error.ts';

/** Asks on the terminal; anything but yes ends the command. Without a terminal, `--yes` has to say it. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new InputError('BadUsage', 'there is nobody to ask', { fix: 'add --yes when this is run by a program' });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new InputError('BadUsage', 'nothing was done');
  } finally {
    prompt.close();
  }
}
