import { InputError } from '../errors/sluice-error.ts';

/**
 * A path as policies write it: field names with dots between them, `[*]` for the elements of a list, `**` for any
 * depth (none included). One step per field name; `**` stays `**`.
 *
 * Lists are walked through whether the path says `[*]` or not, and `[*]` asks for no list: a producer cannot dodge a
 * mask by wrapping a value into a list or by unwrapping it. So `[*]` is for the reader.
 */
export type FieldPath = readonly string[];

const anyElement = '[*]';
export const anyDepth = '**';

/** Reads a path. Throws InvalidPolicyRepo for one that the schema does not allow either. */
export function parseFieldPath(path: string): FieldPath {
  return path.split('.').map((written) => {
    let step = written;
    while (step.endsWith(anyElement)) step = step.slice(0, -anyElement.length);
    if (step === '' || (step !== anyDepth && (step.includes('*') || step.includes('[') || step.includes(']')))) {
      throw new InputError('InvalidPolicyRepo', 'a mask has a path that cannot be read', {
        why: `'${path.slice(0, 80)}' is not field names with dots between them`,
        fix: 'write it like payment.cards[*].number or **.ssn',
      });
    }
    return step;
  });
}
