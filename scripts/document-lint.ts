import { lintRules } from '../core/lint/registry.ts';

/** The page of lint rules: what each finds, why, what to avoid and to write instead. */
export function documentLint(): string {
  const sections = lintRules.map(({ id, level, summary, why, avoid, prefer }) =>
    [
      `## ${id}`,
      '',
      `${summary} Level: \`${level}\`.`,
      '',
      why,
      '',
      'Avoid:',
      '',
      '```yaml',
      avoid.trimEnd(),
      '```',
      '',
      'Prefer:',
      '',
      '```yaml',
      prefer.trimEnd(),
      '```',
      '',
    ].join('\n'),
  );
  return [
    '# Lint rules',
    '',
    '<!-- Generated from core/lint/ by scripts/generate-docs.ts. -->',
    '',
    '`sluice lint` finds what validates and is probably not meant. The level of a rule is changed in `sluice.yaml`:',
    '',
    '```yaml',
    'spec:\n  lint:\n    rules:\n      grant/no-ticket: error\n      unused/identity: off',
    '```',
    '',
    'For one document it is turned off by a comment in or above it, with the reason. Such a comment is told as a warning when it has no reason, names no rule, or turns nothing off.',
    '',
    '```yaml',
    '# sluice-lint-disable access/standing-classified -- masked, and needed all day',
    '```',
    '',
    ...sections,
  ].join('\n');
}
