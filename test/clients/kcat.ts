/** kcat, a process for each operation. What it says on stderr is what its user sees. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import {
  type Client,
  ClientFailure,
  type Login,
  type OnRecord,
  type Operation,
  type Operations,
  type Produce,
  type Read,
  type ReadResult,
} from './operations.ts';

const run = promisify(execFile);
type Doing = { [O in Operation]?: (what: Operations[O][0], onRecord: OnRecord) => Promise<Operations[O][1]> };

/** Kafka's names of what librdkafka says in words. */
const words: readonly (readonly [RegExp, string])[] = [
  [/topic authorization failed/i, 'TOPIC_AUTHORIZATION_FAILED'],
  [/group authorization failed/i, 'GROUP_AUTHORIZATION_FAILED'],
  [/unsupported sasl mechanism|sasl mechanism .*not supported/i, 'UNSUPPORTED_SASL_MECHANISM'],
  [/sasl authentication error|authentication fail/i, 'SASL_AUTHENTICATION_FAILED'],
  [/unknown topic/i, 'UNKNOWN_TOPIC_OR_PARTITION'],
];
const codeOf = (text: string): string => words.find(([pattern]) => pattern.test(text))?.[1] ?? text.trim();

function loginOf(login: Login): string[] {
  const properties = {
    'bootstrap.servers': login.address,
    'security.protocol': login.ca ? 'SASL_SSL' : 'SASL_PLAINTEXT',
    'sasl.mechanism': login.mechanism,
    'sasl.username': login.user,
    'sasl.password': login.password,
    ...(login.ca ? { 'ssl.ca.location': login.ca } : {}),
  };
  return Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`]);
}

interface Ran {
  readonly code: number | null;
  readonly stderr: string;
}

/** `onText` gets all of its stderr so far. */
function listen(child: ChildProcess, onText: (text: string) => void = () => {}): Promise<Ran> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    onText(stderr);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, stderr: error.message }));
    child.once('close', (code) => resolve({ code, stderr }));
  });
}

const doing: Doing = {
  async version() {
    const { stderr, stdout } = await run('kcat', ['-V']);
    return { version: /Version (\S+)/.exec(stdout + stderr)?.[1] ?? '' };
  },
  produce,
  read,
  topics: async ({ login }) => ({ topics: (await metadata(login)).map(({ topic }) => topic) }),
  async describeTopic({ login, topic }) {
    const [one] = await metadata(login, topic);
    if (one?.error) throw new ClientFailure(codeOf(one.error), one.error);
    return { topicId: '' };
  },
};

async function metadata(login: Login, topic?: string): Promise<{ topic: string; error?: string }[]> {
  const args = ['-L', '-J', '-m', '5', ...(topic ? ['-t', topic] : []), ...loginOf(login)];
  const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const { code, stderr } = await listen(child);
  if (code !== 0) throw new ClientFailure(codeOf(stderr), stderr);
  return (JSON.parse(text) as { topics: { topic: string; error?: string }[] }).topics;
}

async function produce(what: Produce): Promise<Operations['produce'][1]> {
  const topic = what.records[0]!.topic;
  const args = ['-P', '-t', topic, '-z', what.codec ?? 'none', '-X', `acks=${what.acks ?? -1}`];
  args.push('-X', 'message.timeout.ms=8000', '-X', `enable.idempotence=${what.idempotent ?? false}`);
  const child = spawn('kcat', [...args, ...loginOf(what.login)], { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(what.records.map(({ value }) => `${value}\n`).join(''));
  const { code, stderr } = await listen(child);
  return { results: what.records.map(() => (code === 0 && !stderr.includes('ERROR') ? 'NONE' : codeOf(stderr))) };
}

async function read(what: Read, onRecord: OnRecord): Promise<ReadResult> {
  const { errors: wrong = 0, tolerated = wrong, timeoutMs = 20_000 } = what;
  const from = what.group
    ? ['-G', what.group, '-X', 'auto.offset.reset=earliest']
    : ['-C', '-t', what.topics[0]!, '-p', '0', '-o', 'beginning'];
  const settings = ['check.crcs=true', 'fetch.wait.max.ms=500'].flatMap((setting) => ['-X', setting]);
  const args = [...from, '-J', '-u', ...settings, ...loginOf(what.login), ...(what.group ? what.topics : [])];
  const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill(), timeoutMs);
  const records: { topic: string; value: string }[] = [];
  let errors: string[] = [];
  const look = (): void => {
    if ((records.length >= what.records && errors.length >= wrong) || errors.length > tolerated) child.kill('SIGKILL');
  };
  const ended = listen(child, (stderr) => {
    // It finds its brokers again by itself.
    errors = stderr
      .split('% ERROR')
      .slice(1)
      .filter((text) => !/transport failure|brokers are down/.test(text))
      .map(codeOf);
    setTimeout(look, 100); // an error is written piece by piece
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      const { topic, payload } = JSON.parse(text.slice(0, at)) as { topic: string; payload: string };
      text = text.slice(at + 1);
      records.push({ topic, value: payload });
      onRecord({ topic, value: payload });
      look();
    }
  });
  await ended;
  clearTimeout(timer);
  return { records, errors };
}

export function kcatClient(): Promise<Client> {
  return Promise.resolve({
    async run<O extends Operation>(operation: O, what: Operations[O][0], onRecord: OnRecord = () => {}) {
      const work = doing[operation];
      if (!work) throw new ClientFailure('UNSUPPORTED', operation);
      return await work(what, onRecord);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}
