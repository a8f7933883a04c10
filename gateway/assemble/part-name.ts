/** A process of a gateway in log lines, recordings and names of broker users. A gateway's own name has no dot. */
export function partName(gateway: string, worker: string | undefined): string {
  return worker === undefined ? gateway : `${gateway}.${worker}`;
}

/**
 * Whether broker users of this part of this gateway are left over when `part` does not know them: its own, and, for
 * the first, those of parts that the gateway does not have now. `workers` is 0 for a gateway of one process.
 */
export function clearsUp(gateway: string, part: string | undefined, workers: number, owner: string): boolean {
  if (owner === partName(gateway, part)) return true;
  if (part !== undefined && part !== '1') return false;
  if (owner === gateway) return true;
  const number = owner.startsWith(`${gateway}.`) ? owner.slice(gateway.length + 1) : '';
  return /^\d{1,2}$/.test(number) && Number(number) > workers;
}
