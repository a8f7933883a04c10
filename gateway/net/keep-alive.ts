/**
 * So long a connection may be silent before the kernel asks whether its peer is still there. One that has vanished
 * without a word is noticed some ten seconds later, and the connection ends.
 */
export const keepAliveMs = 30_000;
