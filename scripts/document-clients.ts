/** docs/reference/clients.md from the table of the client matrix. */

import { cases, clients, ownWords } from '../test/clients/cases.ts';
import { brokerVersion, oldBrokerVersion } from '../test/support/kafka-broker.ts';

const intro = `Unmodified clients are run through a gateway in front of Apache Kafka ${brokerVersion}, in one case ${oldBrokerVersion}, by
\`npm run test:clients\`, which fails where this page is wrong: each \`pass\` is a test, each \`red\` is a test that has to
fail as it is said, and each client has to say that it is the version below. \`n.a.\`: the client has no such thing. Numbers
are explained below the table.`;

/** The page, before it is formatted. */
export function documentClients(): string {
  const reasons: string[] = [];
  const noted = (mark: string, reason: string): string => {
    const at = reasons.indexOf(reason);
    return `${mark} ${at >= 0 ? at + 1 : reasons.push(reason)}`;
  };
  const rows = cases.map((one) => {
    const cells = clients.map(({ id }) => {
      const [lacking, red] = [one.lacking?.[id], one.red?.[id]];
      if (lacking) return noted('n.a.', lacking);
      return red ? noted('red', red.why) : 'pass';
    });
    return [one.title, ...cells];
  });
  const words = clients.flatMap(({ id, name }) =>
    Object.entries(ownWords[id] ?? {}).map(([code, word]) => [name, `\`${code}\``, `\`${word}\``]),
  );
  return [
    '# Clients',
    intro,
    table(
      ['client', 'version', ''],
      clients.map(({ name, version, what }) => [name, version, what]),
    ),
    '## What works',
    table(['case', ...clients.map(({ name }) => name)], rows),
    reasons.map((reason, i) => `${i + 1}. ${reason}`).join('\n'),
    '## What each case is',
    table(
      ['case', 'name', 'means'],
      cases.map(({ id, title, means }) => [title, `\`${id}\``, means]),
    ),
    '## Words of their own',
    'What these clients say where Kafka has a name for it:',
    table(['client', 'Kafka', 'client'], words),
    '',
  ].join('\n\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
