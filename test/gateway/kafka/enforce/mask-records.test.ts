import { expect, test } from 'vitest';
import { compileMasks } from '../../../../core/mask/compile-masks.ts';
import { maskKeys } from '../../../../core/mask/mask-keys.ts';
import { maskRecords } from '../../../../gateway/kafka/enforce/mask-records.ts';
import { SpareMemory } from '../../../../gateway/net/spare-memory.ts';
import { accessPolicies } from '../../../support/access-policies.ts';
import { batchOf, valuesOf } from '../../../support/record-batches.ts';

const policy = [...accessPolicies().masks.values()][0]!;
const masker = compileMasks([{ policy, lifted: [] }], 'consume', maskKeys('k1', Buffer.alloc(32)))!;
const secret = (i: number, size: number) => JSON.stringify({ i, ssn: '123-45-6789', pad: 'x'.repeat(size) });
type Seen = { readonly i: number; readonly pad: string };

const values = Array.from({ length: 100 }, (_, i) => secret(i, 10_000));

test.each(['none', 'gzip', 'lz4', 'zstd'] as const)(
  'what is masked under %s takes no more memory than it sends',
  (codec) => {
    const batch = batchOf(values, { codec });
    const plain = batchOf([JSON.stringify({ a: 1 })]);
    const records = Buffer.concat([plain, batch, plain, batch]);
    const spare = new SpareMemory();
    const taken: Buffer[] = [];
    const memory = {
      take(bytes: number): Buffer {
        const one = spare.take(bytes).fill(0xa5);
        taken.push(one);
        return one;
      },
      give: (one: Buffer) => void taken.splice(taken.indexOf(one), 1),
    };
    const masked = maskRecords(records, masker, 'consume', undefined, memory);
    if (masked.kind !== 'masked') throw new TypeError(masked.kind);
    const held = taken.reduce((sum, one) => sum + one.length, 0);
    expect(taken).toHaveLength(1);
    expect(held).toBeLessThan(2 * (records.length + 1024));
    const seen = valuesOf(masked.records);
    expect(seen).toHaveLength(202);
    expect(seen.filter((value) => value?.includes('6789'))).toEqual([]);
    const back = seen.filter((value) => value !== '{"a":1}').map((value) => JSON.parse(value!) as Seen);
    expect(back.map(({ i, pad }) => [i, pad.length])).toEqual(back.map((_, i) => [i % 100, 10_000]));
  },
);
