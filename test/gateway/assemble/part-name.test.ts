import { expect, test } from 'vitest';
import { clearsUp, partName } from '../../../gateway/assemble/part-name.ts';

test.each([
  // part, workers, whose users it removes
  [undefined, 0, ['gw', 'gw.1', 'gw.2', 'gw.3', 'gw.64']],
  ['1', 2, ['gw', 'gw.1', 'gw.3', 'gw.64']],
  ['2', 2, ['gw.2']],
])('part %s of %s clears up after %j and nobody else', (part, workers, own) => {
  const owners = ['gw', 'gw.1', 'gw.2', 'gw.3', 'gw.64', 'gw.', 'gw.x', 'gw.1.1', 'gw2', 'gw-2', 'other', 'other.1'];
  expect(owners.filter((owner) => clearsUp('gw', part, workers, owner))).toEqual(own);
  expect(clearsUp('gw', part, workers, partName('gw', part))).toBe(true);
});
