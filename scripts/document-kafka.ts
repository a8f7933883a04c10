import { readFileSync } from 'node:fs';
import { type ApiNote, apiNotes } from '../gateway/kafka/enforce/api-notes.ts';
import { own } from '../gateway/kafka/enforce/api-versions.ts';
import { interBroker } from '../gateway/kafka/enforce/inter-broker.ts';
import { table } from '../gateway/kafka/enforce/table.ts';
import { kafkaErrorName } from '../gateway/kafka/wire/error-codes.ts';
import { apis } from '../gateway/kafka/wire/generated/apis.ts';

type Advertised = readonly [key: number, name: string, min: number, max: number];

const releases: Readonly<Record<string, readonly Advertised[]>> = JSON.parse(
  readFileSync(new URL('../test/fixtures/kafka/broker-apis.json', import.meta.url), 'utf8'),
);

const sections: Readonly<Record<ApiNote['class'], readonly [title: string, what: string]>> = {
  judged: ['Judged by name', 'Every topic, group and transactional id in them is decided by itself.'],
  administration: [
    'Administration of the cluster',
    '`admin`, which only a live grant can give. What they answer with is not filtered, unless it says so here.',
  ],
  own: ['Answered by the gateway', 'Not sent to a broker.'],
  unread: ['Not looked into', 'No topic, group or transactional id is named in them.'],
  never: ['Refused whoever asks', 'The attempt is recorded.'],
};

/** The page of Kafka APIs: what is offered of each version and what becomes of it. */
export function documentKafka(): string {
  const names = Object.keys(releases).map((release) => release.replace(/\.\d+$/, ''));
  return [
    '# Kafka APIs',
    '',
    '<!-- Generated from gateway/kafka/enforce by scripts/generate-docs.ts. -->',
    '',
    'What a client asks with each API, and what the gateway makes of it. Clients are offered the versions that both this',
    `table and their broker have; the columns tell for brokers ${names.join(', ')}. Anything else is not advertised, and a`,
    'connection that sends it ends without an answer, as a broker does. "Needs" is what is decided for each name in a',
    'request: `describe` comes with `consume`, `produce`, `alter` and `delete`. Numbers are error codes of Kafka that the gateway',
    'gives by itself; they are named at the end.',
    '',
    ...(Object.keys(sections) as ApiNote['class'][]).flatMap((kind) => section(kind, names)),
    '## Of brokers among themselves',
    '',
    'Never advertised to clients, and a connection that sends one ends.',
    '',
    ...[...interBroker].map(([key, name]) => `- ${key} ${name}`),
    '',
    '## Error codes',
    '',
    '| code | name |',
    '|---|---|',
    ...[...new Set(Object.values(apiNotes).flatMap(({ errors }) => errors))]
      .sort((a, b) => a - b)
      .map((code) => `| ${code} | ${constantName(kafkaErrorName(code))} |`),
    '',
  ].join('\n');
}

function section(kind: ApiNote['class'], names: readonly string[]): string[] {
  const [title, what] = sections[kind];
  const rows = Object.values(apis).filter(({ name }) => apiNotes[name as keyof typeof apis].class === kind);
  const head = ['#', 'API', ...names, 'needs', 'errors', 'what becomes of it'];
  return [
    `## ${title}`,
    '',
    what,
    '',
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---|').join('')}`,
    ...rows.sort((a, b) => a.key - b.key).map(({ key, name }) => row(key, name as keyof typeof apis)),
    '',
  ];
}

function row(key: number, name: keyof typeof apis): string {
  const { needs, errors, does } = apiNotes[name];
  const cells = [
    String(key),
    name,
    ...Object.values(releases).map((rows) => offered(key, rows)),
    needs.join(', '),
    errors.join(', '),
    does,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Versions that clients of a broker are offered. Produce says 0 to old clients, see advertised(). */
function offered(key: number, rows: readonly Advertised[]): string {
  const ours = own.find(({ apiKey }) => apiKey === key);
  if (ours) return `${ours.minVersion}–${ours.maxVersion}`;
  const broker = rows.find(([of]) => of === key);
  const entry = table.get(key);
  if (!broker || !entry) return '';
  const [min, max] = [Math.max(broker[2], entry.min), Math.min(broker[3], entry.max)];
  return min > max ? '' : min === max ? `${min}` : `${min}–${max}`;
}

/** `topicAuthorizationFailed` as Kafka writes it. */
function constantName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
