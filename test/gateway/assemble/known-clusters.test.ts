import { expect, test } from 'vitest';
import { showKnownClusters } from '../../../gateway/assemble/known-clusters.ts';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('a cluster that the rules do not know is said, with what was probably meant', () => {
  const conditions = new Conditions(new FakeClock());
  const warned: string[] = [];
  const log = { warn: (message: string) => warned.push(message) };
  const known = new Map([
    ['main', {}],
    ['eu-west', {}],
  ]);
  for (let i = 0; i < 2; i++) showKnownClusters(conditions, log, ['mian', 'other'], known);
  expect(warned).toHaveLength(1);
  expect(conditions.get('ClustersKnown')).toMatchObject({
    status: 'False',
    reason: 'NoClusterDocument',
    message: "the policy repo has no Cluster 'mian': did you mean 'main'?; 'other': nobody gets anything there",
  });
  showKnownClusters(conditions, log, ['main'], known);
  expect(conditions.get('ClustersKnown')).toMatchObject({ status: 'True', reason: 'Known' });
});
