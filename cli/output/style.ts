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

/** The style of one output; plain when it is no terminal or NO_COLOR is set. */
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
