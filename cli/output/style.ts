import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours text, or leaves it. */
export interface Style {
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/** What decides whether an output has colours. */
export interface ColorWishes {
  /** Words of the command line. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
}

/**
 * Whether to colour: `--color` and `--no-color` (the later one) before FORCE_COLOR (`0` and `false` are no) before
 * NO_COLOR before TERM=dumb before whether it is a terminal. A variable that is empty says nothing.
 */
export function wantsColors({ argv, env, isTTY }: ColorWishes): boolean {
  const end = argv.indexOf('--');
  const flag = (end < 0 ? argv : argv.slice(0, end)).findLast((word) => word === '--color' || word === '--no-color');
  if (flag !== undefined) return flag === '--color';
  const force = env['FORCE_COLOR'] ?? '';
  if (force !== '') return force !== '0' && force !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return env['TERM'] !== 'dumb' && isTTY;
}

/** The style of one output: colours, or none. */
export function styleFor(colors: boolean): Style {
  const paint =
    (format: Format) =>
    (text: string): string =>
      colors ? styleText(format, text, { validateStream: false }) : text;
  return {
    red: paint('red'),
    yellow: paint('yellow'),
    green: paint('green'),
    dim: paint('dim'),
    bold: paint('bold'),
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text of a user's file made safe for a terminal: control and direction-changing characters are spelled out. */
export function visible(text: string): string {
  return text.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
