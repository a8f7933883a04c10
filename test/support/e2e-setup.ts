/**
 * What all end-to-end files share: one broker for the whole run. Files keep apart by their own topic prefix. More
 * services are added to `start` and to `Services`; each is disposed of in reverse order.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startKafka } from './kafka-broker.ts';

/** What a test gets by `inject('kafka')`; plain data, as it crosses processes. */
export interface KafkaService {
  readonly host: string;
  readonly port: number;
  readonly bootstrap: string;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** Jars, for `runKafkaTool`. */
  readonly libs: string;
  /** Where a test may write files; removed at the end of the run. */
  readonly folder: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    kafka: KafkaService;
  }
}

/** Vitest's hook before the first file; what it returns runs behind the last one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = new AsyncDisposableStack();
  try {
    const broker = stack.use(await startKafka());
    const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const { host, port, bootstrap, adminUser, adminPassword, libs } = broker;
    project.provide('kafka', { host, port, bootstrap, adminUser, adminPassword, libs, folder });
    return () => stack.disposeAsync();
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
