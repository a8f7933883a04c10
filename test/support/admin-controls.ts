import type { AdminControls } from '../../gateway/api/admin-app.ts';

const never = (): Promise<never> => Promise.reject(new TypeError('not asked here'));

/** Controls of an admin API of which a test uses only those that it gives itself. */
export function adminControls(given: Partial<AdminControls>): AdminControls {
  return {
    status: never,
    sessions: never,
    explainGrant: async () => undefined,
    reconcile: never,
    kill: never,
    emergencies: { propose: never, admit: never },
    owners: { wish: never, sign: never },
    evidence: {
      tell: () => {
        throw new TypeError('not asked here');
      },
      take: never,
    },
    recorder: { record: () => Promise.resolve() },
    ...given,
  };
}
