import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Parameter {
  readonly description?: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly char?: string;
  readonly type?: string;
  readonly helpValue?: string;
  readonly multiple?: boolean;
  readonly hidden?: boolean;
}

interface CommandClass {
  readonly summary?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly args?: Readonly<Record<string, Parameter>>;
  readonly flags?: Readonly<Record<string, Parameter>>;
  readonly examples?: readonly (string | { readonly description: string; readonly command: string })[];
}

/** The page of all commands, with their arguments, flags, examples and exit codes. */
export async function documentCommands(): Promise<string> {
  const root = fileURLToPath(new URL('../cli/commands/', import.meta.url));
  const files = globSync('**/*.ts', { cwd: root }).sort();
  const sections: string[] = [];
  for (const file of files) {
    const loaded = (await import(new URL(`../cli/commands/${file}`, import.meta.url).href)) as Record<string, unknown>;
    const command = Object.values(loaded).find((value) => typeof value === 'function' && 'run' in value);
    if (!command || (command as CommandClass).hidden) continue;
    sections.push(section(file.replace(/\.ts$/, '').replaceAll('/', ' '), command as CommandClass));
  }
  return [
    '# Commands',
    '',
    '<!-- Generated from cli/commands by scripts/generate-docs.ts. -->',
    '',
    'stdout carries the result, stderr everything else. Text for a person is as wide as the terminal, or `COLUMNS`. Every command takes `--color` and `--no-color`, which count before `FORCE_COLOR` (`0` is no), which counts before `NO_COLOR`; without them colours are for terminals.',
    '',
    '| exit code | meaning |',
    '|---|---|',
    '| 0 | ok, or yes |',
    '| 1 | problems were found, or no |',
    '| 2 | wrong usage |',
    '| 3 | it could not run |',
    '| 4 | the change widens access (`plan`) |',
    '| 5 | the recording is incomplete (`audit`) |',
    '| 70 | a bug in Sluice |',
    '| 130 | Ctrl-C while a question was open; nothing was done |',
    '',
    ...sections,
  ].join('\n');
}

function section(id: string, command: CommandClass): string {
  const { summary = '', description = '', args = {}, flags = {}, examples = [] } = command;
  const rows = [
    ...Object.entries(args).map(([name, arg]) => row(name.toUpperCase(), arg)),
    ...Object.entries(flags)
      .filter(([, flag]) => !flag.hidden)
      .map(([name, flag]) => row(`--${name}${flag.type === 'boolean' ? '' : ` ${flag.helpValue ?? 'VALUE'}`}`, flag)),
  ];
  const lines = examples.map((example) =>
    typeof example === 'string' ? example : `# ${example.description}\n${example.command}`,
  );
  return [
    `## sluice ${id}`,
    '',
    summary,
    ...(description === '' ? [] : ['', description]),
    ...(rows.length === 0 ? [] : ['', '| argument or flag | default | meaning |', '|---|---|---|', ...rows]),
    '',
    '```sh',
    lines.join('\n\n').replaceAll('<%= config.bin %>', 'sluice').replaceAll('<%= command.id %>', id),
    '```',
    '',
  ].join('\n');
}

function row(name: string, { description = '', required, default: standard, options, multiple }: Parameter): string {
  const choice = options ? ` One of ${options.map((option) => `\`${option}\``).join(', ')}.` : '';
  const plain = typeof standard === 'string' || typeof standard === 'number' ? `\`${standard}\`` : '';
  const more = multiple && !/repeated/.test(description) ? ' May be repeated.' : '';
  return `| \`${name}\` | ${required ? 'required' : plain} | ${`${description}${choice}${more}`.replaceAll('|', '\\|')} |`;
}
