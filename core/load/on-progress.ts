/** Hears how far long work is: `what` is a few words such as `reading`. Called often, so it has to be cheap. */
export type OnProgress = (what: string, done: number, total: number) => void;
