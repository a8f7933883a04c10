const types = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

/**
 * True for `type base64` and nothing else: the line goes into an allowed-signers file, where a line break would add a
 * signer and options would widen one. The base64 must be canonical and its blob must begin with the same type.
 */
export function isSigningKey(text: string): boolean {
  const match = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const [, type, base64] = match ?? [];
  if (type === undefined || base64 === undefined || /[\r\n]/.test(text) || !types.has(type)) return false;
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64') !== base64 || blob.length < 4) return false;
  const length = blob.readUInt32BE(0);
  return blob.length > 4 + length && blob.toString('latin1', 4, 4 + length) === type;
}
