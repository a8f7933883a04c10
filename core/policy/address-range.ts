import { BlockList, isIP } from 'node:net';

const lists = new Map<string, BlockList>();
const mostLists = 1000;

/** True for `address/bits` of IPv4 or IPv6. */
export function isRange(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const family = isIP(address);
  return rest.length === 0 && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

/** True when an address is of a network; one that is neither IPv4 nor IPv6 is of none. `::ffff:10.0.0.1` is 10.0.0.1. */
export function inRange(address: string, range: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  if (family === 0 || !isRange(range)) return false;
  const [network, bits] = range.split('/') as [string, string];
  if (isIP(network) !== family) return false;
  let list = lists.get(range);
  if (!list) {
    list = new BlockList();
    list.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    if (lists.size >= mostLists) lists.clear();
    lists.set(range, list);
  }
  return list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}
