/** Kafka's own Java clients and Streams, in one JVM for all that is asked. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { classpath, smallJvm, spawnJava } from '../support/java-process.ts';
import { brokerVersion } from '../support/kafka-broker.ts';
import { cachePath, fetchClasspath, filledOnce } from '../support/maven.ts';
import { lineProcess } from './line-process.ts';
import type { Client } from './operations.ts';

const run = promisify(execFile);
const sources = join(import.meta.dirname, 'java');
const log4j = ['log4j-slf4j-impl', 'log4j-core'].map((artifact) => ({
  group: 'org.apache.logging.log4j',
  artifact,
  version: '2.25.3',
}));

/** Fetches the jars and compiles what speaks to the matrix, unless that was done before. */
export async function prepareJava(): Promise<{ readonly libs: string; readonly classes: string }> {
  const libs = await fetchClasspath(`matrix-kafka-${brokerVersion}`, [
    { group: 'org.apache.kafka', artifact: 'kafka-streams', version: brokerVersion },
    { group: 'com.fasterxml.jackson.core', artifact: 'jackson-databind', version: '2.21.2' },
    { group: 'org.bitbucket.b_c', artifact: 'jose4j', version: '0.9.6' }, // for OAUTHBEARER, which the clients leave out
    ...log4j,
  ]);
  const files = readdirSync(sources)
    .filter((name) => name.endsWith('.java'))
    .map((name) => join(sources, name));
  const hash = createHash('sha256').update(libs);
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  const classes = await filledOnce(cachePath(`matrix-classes-${hash.digest('hex').slice(0, 8)}`), async (to) => {
    await run('javac', ['-proc:none', '-cp', classpath(libs), '-d', to, ...files]);
  });
  return { libs, classes };
}

/** Starts it. `tokenUrl`: the one place that it may get tokens from. */
export async function javaClient(tokenUrl: string): Promise<Client> {
  const { libs, classes } = await prepareJava();
  return lineProcess(
    spawnJava(
      [
        '-Xmx384m',
        ...smallJvm,
        `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${tokenUrl}`,
        `-Dlog4j2.configurationFile=${join(sources, 'log4j2.properties')}`,
        '-cp',
        `${classes}:${classpath(libs)}`,
        'Main',
      ],
      'pipe',
    ),
  );
}
