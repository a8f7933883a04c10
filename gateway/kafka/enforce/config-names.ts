/** Which configurations of a broker must not pass a gateway, by what they are about. */

/** Names of configurations that tell where brokers and controllers are. */
const addresses = /(^|\.)(listeners|voters|servers|connect|host\.name|hosts?|port|urls?|endpoints?)$/;
/** What looks like an address: a URL, or a host and a port. */
const addressLike = /:\/\/|[\w.\]-]:\d{2,5}\b/;

/**
 * True when a broker's configuration has, or may have, an address in it: by its name, and for names that nobody thought
 * of by what its value looks like. A client could go around the gateway with one.
 */
export function holdsAddress(name: string, value: string | null): boolean {
  return addresses.test(name) || (value !== null && addressLike.test(value));
}

/** Where it listens, how it authenticates, whom it trusts, what it may do, and which code it loads. */
const trust =
  /listener|sasl|ssl|jaas|oauth|principal|authorizer|super\.users|security|password|secret|token|reporters?$|\.class(es)?$|\.class\.|config\.providers/;

/** True when changing a configuration of a broker could open a way past the gateway. */
export function decidesTrust(name: string): boolean {
  return trust.test(name.toLowerCase());
}
