/** Writes state without pause until it is killed; says `ready` once. Arguments: folder, repo id. */
import { systemClock } from '../../../core/clock/clock.ts';
import { StateStore } from '../../../gateway/state/state-store.ts';

const [dir = '', repoId = ''] = process.argv.slice(2);
const store = await StateStore.open(dir, { repoId, genesis: { commit: repoId } }, systemClock.now());
for (let i = 0; ; i++) {
  await store.update((state) => ({
    ...state,
    deletedGrants: Array.from({ length: 200 + (i % 300) }, (_, n) => `${i}-${n}-${'x'.repeat(100)}`),
  }));
  if (i === 0) process.stdout.write('ready\n');
}
