/** The gateway's version, as `start` lines and /status say it. */
export const version = '0.1.0';
