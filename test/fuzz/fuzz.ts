import { Cursor } from '../../core/bytes/cursor.ts';
import { systemClock } from '../../core/clock/clock.ts';
import { apiByKey } from '../../gateway/kafka/wire/generated/apis.ts';
import { corpus, headerOf, topicIds } from './corpus.ts';
import { type FuzzClient, FuzzGateway } from './fuzz-gateway.ts';
import { mutated } from './mutate.ts';
import { Random } from './random.ts';

export interface FuzzReport {
  /** Mutated frames, of clients and of brokers. */
  readonly frames: number;
  readonly requests: number;
  readonly answers: number;
  /** Requests that were passed on to the broker. */
  readonly forwarded: number;
  /** Connections that were opened, since the one before was closed. */
  readonly connections: number;
  /** Of the processor, whatever else the machine does. */
  readonly slowestMs: number;
  /** How much memory the process gained at most, after it was warm. */
  readonly grownBytes: number;
  readonly seconds: number;
  /** What must not be: each with the frame that did it. */
  readonly failures: readonly string[];
}

/** Requests whose every topic is judged by itself, and what alice may use of them. */
const judged = new Set(['Produce', 'Fetch', 'ListOffsets', 'CreateTopics', 'AddPartitionsToTxn', 'ShareFetch']);
const hers = /^(open|open\..*|masked|masked\..*)$/s;
const warmUp = 20_000;
const mostFailures = 10;

/**
 * Sends mutated frames through a client connection, and mutated answers back, and looks at what becomes of them. The
 * same seed does the same.
 */
export async function fuzz(frames: number, seed: number): Promise<FuzzReport> {
  const random = new Random(seed);
  const { requests: seeds, answers: replies } = corpus(random);
  const gateways = [new FuzzGateway('bestEffort'), new FuzzGateway('strict')];
  const failures: string[] = [];
  const began = systemClock.monotonic();
  let [turns, requests, answers, forwarded, connections, slowestMs] = [0, 0, 0, 0, 0, 0];
  let [base, most] = [0, 0];
  let client: FuzzClient | undefined;
  let gateway = gateways[0]!;

  const fail = (why: string, frame: Buffer): unknown => failures.push(`${why}: ${frame.toString('hex')}`);
  const through = async (frame: Buffer, step: () => Promise<void>): Promise<void> => {
    const start = process.cpuUsage();
    await step();
    const { user, system } = process.cpuUsage(start);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
    for (const bug of gateway.bugs.splice(0))
      fail(bug instanceof Error ? (bug.stack ?? bug.message) : String(bug), frame);
  };

  while (requests + answers < frames && failures.length < mostFailures) {
    if (!client?.open || random.oneIn(200)) {
      client?.end();
      gateway = random.pick(gateways);
      client = await gateway.client(random.oneIn(8));
      connections++;
    }
    const to: FuzzClient = client;
    const { bytes } = random.pick(seeds);
    const whole = random.oneIn(2); // so that there are enough answers to something
    const asked = whole ? Buffer.from(bytes) : mutated(bytes, random.pick(seeds).bytes, random);
    if (!whole) requests++;
    turns++;
    await through(asked, () => to.send(asked));
    for (const frame of to.forwarded.splice(0)) {
      forwarded++;
      const header = headerOf(frame);
      const wrong = to.stranger ? 'a request was passed on before the login' : mistake(frame);
      if (wrong) fail(wrong, frame);
      const possible = replies.get(`${header.apiKey} ${header.apiVersion}`);
      if (!possible) continue;
      const reply = Buffer.from(random.pick(possible));
      reply.writeInt32BE(header.correlationId, 4);
      const said = random.oneIn(4) ? undefined : mutated(reply, random.pick(possible), random);
      if (said) answers++;
      await through(said ?? reply, () => to.answer(said ?? reply));
    }
    if (turns % 2000 === 0) {
      const { rss } = process.memoryUsage();
      if (requests + answers < Math.min(warmUp, frames / 4)) base = rss;
      most = Math.max(most, rss - base);
    }
  }
  client?.end();
  const seconds = (systemClock.monotonic() - began) / 1000;
  return {
    frames: requests + answers,
    requests,
    answers,
    forwarded,
    connections,
    slowestMs,
    grownBytes: base === 0 ? 0 : most,
    seconds,
    failures,
  };
}

/** What a broker may not be sent: what does not parse to its end, and topics that are not the client's to use. */
function mistake(frame: Buffer): string | undefined {
  const { apiKey, apiVersion, bodyOffset } = headerOf(frame);
  const api = apiByKey.get(apiKey);
  if (!api) return `API ${apiKey} was passed on`;
  const cursor = new Cursor(frame, bodyOffset);
  let request: unknown;
  try {
    request = api.readRequest(cursor, apiVersion);
    cursor.finish();
  } catch (error) {
    return `${api.name} ${apiVersion} was passed on and does not parse (${String(error)})`;
  }
  if (!judged.has(api.name)) return undefined;
  const foreign = topicsOf(request, apiVersion, api.name).filter((name) => !hers.test(name));
  return foreign.length > 0 ? `${api.name} ${apiVersion} was passed on for ${foreign.join(', ')}` : undefined;
}

function topicsOf(request: unknown, version: number, api: string): string[] {
  const message = request as Record<string, readonly Record<string, unknown>[] | null>;
  const listed =
    message[api === 'Produce' ? 'topicData' : api === 'AddPartitionsToTxn' ? 'v3AndBelowTopics' : 'topics'];
  const byId = (api === 'Produce' && version >= 13) || (api === 'Fetch' && version >= 13) || api === 'ShareFetch';
  return (listed ?? []).map((topic) => {
    if (byId) return topicIds.get(String(topic['topicId'])) ?? `id ${String(topic['topicId'])}`;
    return String(topic['topic'] ?? topic['name']);
  });
}
