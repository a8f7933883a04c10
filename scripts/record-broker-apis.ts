/**
 * test/fixtures/kafka/broker-apis.json: what brokers of each supported release advertise on the listener of clients, from
 * the message definitions of that release. Each row: key, name, lowest and highest stable version. APIs that are unstable
 * altogether are off by default and left out.
 *
 *   node scripts/record-broker-apis.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { fetchJar } from '../test/support/maven.ts';
import { parseVersions, withoutComments } from './kafka-definitions.ts';

const releases = ['3.9.2', '4.0.1', '4.1.1', '4.2.0', '4.3.1', '4.4.0'];
const out = new URL('../test/fixtures/kafka/broker-apis.json', import.meta.url);

interface RawRequest {
  readonly apiKey: number;
  readonly type: string;
  readonly name: string;
  readonly listeners?: readonly string[];
  readonly validVersions: string;
  readonly latestVersionUnstable?: boolean;
}

type Row = readonly [key: number, name: string, min: number, max: number];

async function rowsOf(version: string): Promise<Row[]> {
  const jar = await fetchJar({ group: 'org.apache.kafka', artifact: 'kafka-clients', version });
  const files = unzipSync(readFileSync(jar), {
    filter: ({ name }) => /^common\/message\/\w+Request\.json$/.test(name),
  });
  const requests = Object.values(files).map(
    (bytes) => JSON.parse(withoutComments(Buffer.from(bytes).toString())) as RawRequest,
  );
  return requests
    .flatMap((request): Row[] => {
      const versions = parseVersions(request.validVersions);
      if (request.type !== 'request' || !versions || !request.listeners?.includes('broker')) return [];
      const max = request.latestVersionUnstable ? versions.hi - 1 : versions.hi;
      const name = request.name.replace(/Request$/, '');
      return max < versions.lo ? [] : [[request.apiKey, name, versions.lo, max]];
    })
    .sort(([a], [b]) => a - b);
}

const found: [string, Row[]][] = [];
for (const release of releases) found.push([release, await rowsOf(release)]);
const lines = found.map(
  ([release, rows]) => `  "${release}": [\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`,
);
writeFileSync(out, `{\n${lines.join(',\n')}\n}\n`);
