/** A `uid` of a Grant or BreakGlass: 32 lower-case hex digits. */
export const uidForm = /^[0-9a-f]{32}$/;
