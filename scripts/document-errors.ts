import { describeError } from '../cli/output/error.ts';
import { codes, type ErrorCode, type ErrorKind } from '../core/errors/codes.ts';
import { SluiceError } from '../core/errors/sluice-error.ts';

const titles: Record<ErrorKind, string> = {
  input: 'Your files or words are wrong',
  access: 'The answer is no',
  source: 'The policy repo, the forge or the state failed',
  protocol: "A client's or broker's bytes are not what the protocol says",
  upstream: 'A broker, an identity provider or a disk failed',
  bug: 'Sluice failed',
};

/** The page of all error codes, by whose turn it is. */
export function documentErrors(): string {
  const entries = Object.entries(codes) as [ErrorCode, (typeof codes)[ErrorCode]][];
  const sections = (Object.keys(titles) as ErrorKind[]).flatMap((kind) => {
    const rows = entries
      .filter(([, entry]) => entry.kind === kind)
      .map(([code, { summary }]) => {
        const { exitCode } = describeError(new SluiceError(code, code), { colors: false });
        return `| \`${code}\` | ${summary.replaceAll('|', '\\|')} | ${exitCode} |`;
      });
    return [`## ${titles[kind]}`, '', '| code | meaning | exit code of the CLI |', '|---|---|---|', ...rows, ''];
  });
  const intro = 'A code never changes its meaning. Each error says what happened, why, what to do and where.';
  return [
    '# Error codes',
    '',
    '<!-- Generated from core/errors/codes.ts by scripts/generate-docs.ts. -->',
    '',
    intro,
    '',
    ...sections,
  ].join('\n');
}
