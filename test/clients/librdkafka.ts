/** librdkafka, as confluent-kafka for Python has it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pythonWithKafka } from '../support/python-client.ts';
import { lineProcess } from './line-process.ts';
import { type Client, ClientFailure } from './operations.ts';

export async function librdkafkaClient(): Promise<Client> {
  const found = await pythonWithKafka();
  if ('missing' in found) throw new ClientFailure('NOT_INSTALLED', found.missing);
  const script = join(import.meta.dirname, 'python', 'client.py');
  return lineProcess(spawn(found.python, ['-u', script], { stdio: ['pipe', 'pipe', 'pipe'] }));
}
