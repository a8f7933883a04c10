import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { BufferBudget } from '../../../gateway/net/buffer-budget.ts';
import { Inlet } from '../../../gateway/net/inlet.ts';
import { layeredOn } from '../../../gateway/net/reset-socket.ts';
import { authority } from '../../support/certificates.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const budget = new BufferBudget(256 << 20, systemClock);
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Both ends of a loopback connection; the near one was accepted and not read. */
async function pair(): Promise<Pair> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, accepted.resolve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const near = await accepted.promise;
  ends.push(() => {
    far.destroy();
    server.close();
  });
  far.on('error', () => {});
  return { near, far };
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Takes what comes, in bites of no fixed size, pausing now and then; resolves with everything at the end. */
function nibble(socket: Socket, seed: number, of = budget): Promise<Buffer> {
  const parts: Buffer[] = [];
  let n = seed;
  const random = (below: number): number => {
    n = (n * 1103515245 + 12345) & 0x7fffffff;
    return n % below;
  };
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const inlet = new Inlet(
    socket,
    {
      onBytes(view) {
        const least = random(5) === 0 ? 70_000 + random(3_000_000) : 1;
        if (view.length < least && view.length < total - taken) {
          inlet.want(least);
          return 0;
        }
        const bite = random(3) === 0 ? Math.min(view.length, 1 + random(100_000)) : view.length;
        parts.push(Buffer.from(view.subarray(0, bite)));
        taken += bite;
        if (random(4) === 0) {
          inlet.pause();
          if (random(2) === 0) inlet.resume();
          else setImmediate(() => inlet.resume());
          return bite;
        }
        if (bite < view.length) {
          inlet.pause();
          inlet.resume();
        }
        return bite;
      },
      onEnd: () => resolve(Buffer.concat(parts)),
      onClosed: () => resolve(Buffer.concat(parts)),
    },
    of,
  );
  ends.push(() => inlet.socket.destroy());
  let taken = 0;
  inlet.resume();
  return promise;
}
const total = 24 << 20;

test.each([1, 2, 3, 4])('every byte comes once, in order, however it is taken (%s)', async (seed) => {
  const { near, far } = await pair();
  const bytes = randomBytes(total);
  far.end(bytes);
  const got = await nibble(near, seed);
  expect(got.length).toBe(total);
  expect(digest(got)).toBe(digest(bytes));
});

test.each([1, 2])('also over TLS (%s)', async (seed) => {
  await using dir = await tempDir();
  const { certFile, keyFile } = authority(dir.path).issue('broker');
  const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)];
  const { near, far } = await pair();
  const secure = new TLSSocket(near, { isServer: true, cert, key });
  const client = layeredOn(connectTls({ socket: far, rejectUnauthorized: false }), far);
  client.on('error', () => {});
  const bytes = randomBytes(total);
  client.end(bytes);
  const got = await nibble(layeredOn(secure, near), seed, seed === 1 ? budget : new BufferBudget(1 << 20, systemClock));
  expect(digest(got)).toBe(digest(bytes));
});

test('what was handed on stays as it was while the inlet is paused', async () => {
  const { near, far } = await pair();
  const { promise, resolve } = Promise.withResolvers<void>();
  let held: Buffer | undefined;
  const inlet = new Inlet(
    near,
    {
      onBytes(view) {
        if (held) return view.length;
        held = view;
        inlet.pause();
        resolve();
        return view.length;
      },
      onEnd: () => {},
      onClosed: () => {},
    },
    budget,
  );
  ends.push(() => inlet.socket.destroy());
  inlet.resume();
  far.write(Buffer.alloc(5000, 1));
  await promise;
  const before = digest(held!);
  far.write(Buffer.alloc(500_000, 2));
  await new Promise((done) => setTimeout(done, 50));
  expect(digest(held!)).toBe(before);
  expect(inlet.buffered).toBe(0);
});

test('a peer that ends is told once, a reset as an error', async () => {
  const told: string[] = [];
  for (const how of ['end', 'resetAndDestroy'] as const) {
    const { near, far } = await pair();
    const { promise, resolve } = Promise.withResolvers<void>();
    const inlet = new Inlet(
      near,
      {
        onBytes: (view) => view.length,
        onEnd: () => {
          told.push('end');
          inlet.socket.destroy();
        },
        onClosed: (error) => {
          told.push(`closed ${error?.code}`);
          resolve();
        },
      },
      budget,
    );
    inlet.resume();
    far[how]();
    await promise;
  }
  expect(told).toEqual(['end', 'closed undefined', 'closed ECONNRESET']);
});

/** Takes all that comes at once, and tells of each view. */
function takeAll(socket: Socket, look: (view: Buffer) => void): { taken: number } {
  const all = { taken: 0 };
  const inlet = new Inlet(
    socket,
    {
      onBytes(view) {
        look(view);
        all.taken += view.length;
        return view.length;
      },
      onEnd: () => {},
      onClosed: () => {},
    },
    budget,
  );
  ends.push(() => inlet.socket.destroy());
  inlet.resume();
  return all;
}

const much = 64 << 20;

test('memory is small while little comes, and bounded while much does', async () => {
  const { near, far } = await pair();
  const sizes = new Set<number>();
  const all = takeAll(near, (view) => sizes.add(view.buffer.byteLength));
  far.write(Buffer.alloc(much));
  await expect.poll(() => all.taken, { timeout: 20_000 }).toBe(much);
  expect(Math.max(...sizes)).toBeLessThanOrEqual((1 << 20) + (4 << 10));
  // Step by step: 1 MB to 4 KB are four of them.
  for (let i = 0; i < 4 * 80; i++) {
    const before = all.taken;
    far.write('x');
    await expect.poll(() => all.taken, { interval: 1 }).toBeGreaterThan(before);
  }
  sizes.clear();
  far.write('x');
  await new Promise((next) => setTimeout(next, 20));
  expect([...sizes]).toEqual([4 << 10]);
});

test('reads of a size between are made into the same memory again and again', async () => {
  const { near, far } = await pair();
  const memory = new Set<ArrayBufferLike>();
  const all = takeAll(near, (view) => memory.add(view.buffer));
  far.write(Buffer.alloc(much));
  await expect.poll(() => all.taken, { timeout: 20_000 }).toBe(much);
  const some = Buffer.alloc(160 << 10); // more than a sixteenth of the largest buffer, less than a fourth
  for (let i = 0; i < 200; i++) {
    if (i === 20) memory.clear();
    const before = all.taken;
    far.write(some);
    await expect.poll(() => all.taken, { interval: 1 }).toBe(before + some.length);
  }
  expect(memory.size).toBe(1);
});

test.each([1, 2, 3])(
  'many that share little memory all get through, one large frame after the other (%s)',
  async (seed) => {
    const small = new BufferBudget(256 << 10, systemClock);
    const bytes = randomBytes(total);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, small.used);
    }, 1);
    const got = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const { near, far } = await pair();
        far.end(bytes);
        const read = nibble(near, seed * 10 + i, small);
        const all = await read;
        far.destroy();
        return digest(all);
      }),
    );
    clearInterval(watch);
    expect(new Set(got)).toEqual(new Set([digest(bytes)]));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(4 << 20); // the largest frame alone
    expect(small.waiting).toBe(0);
    for (const end of ends.splice(0)) end();
    await expect.poll(() => small.used).toBe(0);
  },
);

test('a peer that stops in the middle of a frame is told of when others wait, and a closed one gives back', async () => {
  const clock = new FakeClock();
  const tight = new BufferBudget(1 << 20, clock);
  const told: string[] = [];
  const frame = 3 << 20;
  const open = async (name: string) => {
    const { near, far } = await pair();
    const inlet: Inlet = new Inlet(
      near,
      {
        onBytes(view) {
          inlet.want(frame);
          if (view.length < frame) return 0;
          told.push(`${name} whole`);
          return frame;
        },
        onShort: () => told.push(`${name} short`),
        onOverdue: () => {
          told.push(`${name} overdue`);
          inlet.socket.destroy();
        },
        onEnd: () => {},
        onClosed: () => told.push(`${name} closed`),
      },
      tight,
    );
    ends.push(() => inlet.socket.destroy());
    inlet.resume();
    return { far, inlet };
  };
  const slow = await open('slow');
  slow.far.write(Buffer.alloc(50_000));
  await expect.poll(() => tight.used).toBe(frame);
  const next = await open('next');
  next.far.write(Buffer.alloc(frame));
  await expect.poll(() => told).toEqual(['next short']);
  expect(next.inlet.buffered).toBeLessThanOrEqual(4 << 10); // it is not read any further
  clock.advance(30_000);
  await expect.poll(() => told).toEqual(['next short', 'slow overdue', 'slow closed', 'next whole']);
  next.far.destroy();
  await expect.poll(() => tight.used).toBe(0);
});
