import { problemRules } from '../core/load/problem-rules.ts';

const titles: Record<string, string> = {
  yaml: 'The text of a file',
  schema: 'The form of a document',
  reference: 'Names',
  policy: 'Rules',
  grant: 'Grants',
  'break-glass': 'Emergencies',
  plan: 'What a change does',
};

/** The page of all problems that `sluice validate` tells, by what they are about. */
export function documentProblems(): string {
  const sections = Object.entries(titles).flatMap(([category, title]) => {
    const rows = Object.entries(problemRules)
      .filter(([id]) => id.startsWith(`${category}/`))
      .map(([id, summary]) => `| \`${id}\` | ${summary.replaceAll('|', '\\|')} |`);
    return [`## ${title}`, '', '| rule | what it finds |', '|---|---|', ...rows, ''];
  });
  return [
    '# Problems of a policy repo',
    '',
    '<!-- Generated from core/load/problem-rules.ts by scripts/generate-docs.ts. -->',
    '',
    '`sluice validate` tells every problem with its rule, file:line:column and how to mend it. An error keeps a revision from being used; a warning does not. The rules of `sluice lint` have [their own page](lint.md).',
    '',
    ...sections,
  ].join('\n');
}
