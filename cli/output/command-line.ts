/** A command as it can be pasted into a shell: words of its command line, and flags that were answered on a terminal. */
export function commandLine(
  words: readonly string[],
  answers: readonly (readonly [flag: string, value: string])[],
): string {
  return ['sluice', ...words, ...answers.flatMap(([flag, value]) => [`--${flag}`, value])].map(shellWord).join(' ');
}

/** In single quotes unless a shell would leave it as it is. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
