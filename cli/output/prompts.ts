/**
 * Questions on a terminal, on stderr so that stdout stays the result. The library is loaded when the first question is
 * due, since most commands ask nothing.
 */
import { Interrupted } from './error.ts';

type Search = typeof import('@inquirer/search')['default'];

export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  /** Shown for the choice that the cursor is on. */
  readonly description?: string;
  readonly checked?: boolean;
}

/** `true`, or what is wrong. */
type Verdict = true | string;

export interface Prompts {
  /** One of many, found by typing. */
  search<T>(question: {
    readonly message: string;
    readonly source: (term: string | undefined) => readonly Choice<T>[];
  }): Promise<T>;
  select<T>(question: { readonly message: string; readonly choices: readonly Choice<T>[] }): Promise<T>;
  /** At least one, unless it is optional. */
  checkbox<T>(question: {
    readonly message: string;
    readonly optional?: boolean;
    readonly choices: readonly Choice<T>[];
    readonly validate: (chosen: readonly T[]) => Verdict;
  }): Promise<readonly T[]>;
  input(question: {
    readonly message: string;
    readonly default?: string;
    readonly validate: (text: string) => Verdict;
  }): Promise<string>;
  confirm(question: { readonly message: string; readonly default: boolean }): Promise<boolean>;
}

/** Prompts whose every question throws Interrupted on Ctrl-C, or when the terminal goes away. */
export async function openPrompts(colors: boolean): Promise<Prompts> {
  // The library colours by these alone, as it is loaded.
  process.env[colors ? 'FORCE_COLOR' : 'NO_COLOR'] = '1';
  delete process.env[colors ? 'NO_COLOR' : 'FORCE_COLOR'];
  const [search, select, checkbox, input, confirm] = await Promise.all([
    import('@inquirer/search').then((loaded): Search => loaded.default),
    import('@inquirer/select').then((loaded) => loaded.default),
    import('@inquirer/checkbox').then((loaded) => loaded.default),
    import('@inquirer/input').then((loaded) => loaded.default),
    import('@inquirer/confirm').then((loaded) => loaded.default),
  ]);
  const context = { output: process.stderr };
  return {
    search: ({ message, source }) => orInterrupted(search({ message, source, pageSize: 10 }, context)),
    select: (question) => orInterrupted(select({ ...question, pageSize: 10 }, context)),
    checkbox: ({ message, choices, validate, optional = false }) =>
      orInterrupted(
        checkbox(
          {
            message,
            choices,
            required: !optional,
            validate: (chosen) => validate(chosen.map(({ value }) => value)),
          },
          context,
        ),
      ),
    input: (question) => orInterrupted(input(question, context)),
    confirm: (question) => orInterrupted(confirm(question, context)),
  };
}

async function orInterrupted<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') throw new Interrupted('Nothing was sent.');
    throw error;
  }
}
