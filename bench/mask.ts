/**
 * Masking 1 KB JSON values, beside what most would write: decode, JSON.parse, mask, JSON.stringify, encode. One thread,
 * values in cache. Prints MB/s of input and the ratio between the two; `node bench/mask.ts [seconds per line]`.
 */
import { compileMasks } from '../core/mask/compile-masks.ts';
import { maskKeys } from '../core/mask/mask-keys.ts';
import type { Masker } from '../core/mask/masker.ts';
import type { MaskPolicy, MaskRule } from '../core/model/documents.ts';
import { maskRecords } from '../gateway/kafka/enforce/mask-records.ts';
import { batchOf } from '../test/support/record-batches.ts';

const seconds = Number(process.argv[2] ?? 1);
const paths = ['customer.ssn', 'customer.email', 'payment.card.number', 'items[*].note', 'shipping.address.street'];
const values = Array.from({ length: 2000 }, (_, i) => Buffer.from(JSON.stringify(order(i))));
const bytes = values.reduce((sum, value) => sum + value.length, 0);

const byPath = paths.map((path, i): MaskRule => ({ name: `p${i}`, match: { path }, action: 'redact' }));
const byDetector = (['card', 'us_ssn', 'email'] as const).map(
  (detector): MaskRule => ({ name: detector, match: { detector }, action: 'redact' }),
);

const roundTrip = measure((value) => parseAndMask(value));
say('JSON.parse, mask 5 paths, JSON.stringify', roundTrip);
say('5 paths, redact', measure(with_(byPath)));
say('5 paths, hash', measure(with_(byPath.map((rule) => ({ ...rule, action: 'hash' })))));
say('5 paths, partial', measure(with_(byPath.map((rule) => ({ ...rule, action: 'partial' })))));
say('5 paths that are not there', measure(with_(byPath.map((r, i) => ({ ...r, match: { path: `none.x${i}` } })))));
say('5 paths of any depth', measure(with_(byPath.map((r, i) => ({ ...r, match: { path: `**.${paths[i]}` } })))));
say('3 detectors', measure(with_(byDetector)));
say('5 paths and 3 detectors', measure(with_([...byPath, ...byDetector])));
for (const codec of ['none', 'lz4', 'zstd'] as const) {
  // As a broker gives them: batches of some 250 values, taken apart and put together again.
  const blobs = Array.from({ length: 2 }, (_, i) =>
    Buffer.concat(
      Array.from({ length: 4 }, (_unused, j) =>
        batchOf(values.slice((4 * i + j) * 250, (4 * i + j + 1) * 250), { codec }),
      ),
    ),
  );
  const masker = maskerOf(byPath);
  const all = (): void => {
    for (const blob of blobs) maskRecords(blob, masker, 'consume');
  };
  say(`5 paths, records of 1 MB, ${codec}`, measure(all, 1));
}

function with_(rules: readonly MaskRule[]): (value: Uint8Array) => unknown {
  const masker = maskerOf(rules);
  return (value) => masker.mask(value);
}

function maskerOf(rules: readonly MaskRule[]): Masker {
  const policy: MaskPolicy = {
    kind: 'MaskPolicy',
    name: 'bench',
    labels: {},
    at: { file: 'bench', line: 1, column: 1 },
    streams: [],
    rules,
    on: ['consume'],
    unmaskable: 'deny',
  };
  return compileMasks([{ policy, lifted: [] }], 'consume', maskKeys('k1', Buffer.alloc(32, 1))) as Masker;
}

/**
 * Fastest of several rounds: what the machine can do when nobody else is using it. A round masks all values, in `calls`
 * calls.
 */
function measure(mask: (value: Uint8Array) => unknown, calls = values.length): number {
  let best = Number.POSITIVE_INFINITY;
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) mask(values[i]!);
    best = Math.min(best, performance.now() - start);
  }
  return bytes / best / 1000;
}

function say(what: string, speed: number): void {
  const ratio = (speed / roundTrip).toFixed(1);
  process.stdout.write(`${what.padEnd(42)} ${speed.toFixed(0).padStart(6)} MB/s  ×${ratio}\n`);
}

function parseAndMask(value: Uint8Array): Uint8Array {
  const parsed = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString());
  parsed.customer.ssn = '[REDACTED]';
  parsed.customer.email = '[REDACTED]';
  parsed.payment.card.number = '[REDACTED]';
  for (const item of parsed.items) item.note = '[REDACTED]';
  parsed.shipping.address.street = '[REDACTED]';
  return Buffer.from(JSON.stringify(parsed));
}

function order(i: number): unknown {
  return {
    id: `0194f${i.toString(16).padStart(6, '0')}-7c1e-7b7a-9a52-3f0d5c1b9e44`,
    created: '2026-11-24T09:00:00.000Z',
    sequence: 1_000_000 + i,
    customer: {
      name: 'Ada Lovelace',
      email: `ada.${i}@example.com`,
      ssn: '123-45-6789',
      tier: 'gold',
      since: '2019-03-01',
      preferences: { newsletter: true, language: 'en-GB', currency: 'EUR', channels: ['mail', 'push'] },
    },
    payment: {
      method: 'card',
      card: { number: '4111 1111 1111 1111', expires: '11/29', holder: 'A LOVELACE' },
      amount: 149.9,
      authorised: true,
    },
    items: [
      { sku: 'BK-0042', title: 'Notes on the Analytical Engine', quantity: 1, price: 89.95, note: 'gift wrap please' },
      { sku: 'PN-0007', title: 'Fountain pen, medium nib', quantity: 3, price: 19.98, note: '' },
    ],
    shipping: {
      carrier: 'dhl',
      address: { street: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' },
      window: { from: '2026-11-26T08:00:00Z', to: '2026-11-26T12:00:00Z' },
    },
    trace: { region: 'eu-west-1', host: 'shop-7f9c', attempt: 1, parent: null, sampled: false },
  };
}
