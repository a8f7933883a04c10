/**
 * Daily windows in a time zone, exact across changes of the zone's offset: a moment is inside when its local weekday
 * and local minute are, so a window may open twice on the day the clocks go back and lose an hour when they go forward.
 */

/** `from` < `to`, minutes after local midnight; `to` is exclusive, 1440 = midnight. */
export interface DailyWindow {
  readonly timeZone: string;
  readonly days: readonly string[];
  readonly from: number;
  readonly to: number;
}

export interface WindowState {
  readonly open: boolean;
  /** First epoch ms after `now` at which `open` is another one; undefined when it never is. */
  readonly until: number | undefined;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const formats = new Map<string, Intl.DateTimeFormat>();
const lastStates = new WeakMap<DailyWindow, WindowState & { readonly since: number }>();

/** True for a name that the runtime's copy of the IANA time zone data knows; a bare offset is no zone. */
export function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    format(name);
    return true;
  } catch {
    return false;
  }
}

/** Whether the window is open at `now` (epoch ms), and until when that holds. */
export function windowAt(window: DailyWindow, now: number): WindowState {
  const last = lastStates.get(window);
  if (last && last.since <= now && (last.until === undefined || now < last.until)) return last;
  const open = isOpen(window, now);
  const until = boundaries(window, now).find((at) => isOpen(window, at) !== open);
  const state = { open, until, since: now };
  lastStates.set(window, state);
  return state;
}

function isOpen(window: DailyWindow, at: number): boolean {
  const local = at + offsetAt(window.timeZone, at);
  const minute = Math.floor(positive(local, dayMs) / minuteMs);
  return window.days.includes(weekday(local)) && minute >= window.from && minute < window.to;
}

/** Every instant of the next fifteen days at which the window may open or close, in order. */
function boundaries(window: DailyWindow, now: number): number[] {
  const zone = window.timeZone;
  const firstDay = Math.floor((now + offsetAt(zone, now)) / dayMs) * dayMs;
  const found = new Set<number>();
  for (let day = -1; day <= 15; day++) {
    const midnight = firstDay + day * dayMs;
    for (const minute of [0, window.from, window.to]) {
      for (const at of instantsOf(zone, midnight + minute * minuteMs)) found.add(at);
    }
    const change = offsetChange(zone, now + day * dayMs, now + (day + 1) * dayMs);
    if (change !== undefined) found.add(change);
  }
  return [...found].filter((at) => at > now).sort((a, b) => a - b);
}

/** The instants (none, one or two) at which the zone's clocks show a local time, given as if it were UTC. */
function instantsOf(zone: string, local: number): number[] {
  const offsets = new Set([offsetAt(zone, local - dayMs), offsetAt(zone, local + dayMs)]);
  return [...offsets].map((offset) => local - offset).filter((at) => at + offsetAt(zone, at) === local);
}

function offsetChange(zone: string, from: number, to: number): number | undefined {
  const before = offsetAt(zone, from);
  if (offsetAt(zone, to) === before) return undefined;
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Milliseconds that the zone's clocks are ahead of UTC. */
function offsetAt(zone: string, at: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of format(zone).formatToParts(at)) part[type] = Number(value);
  const local = Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']);
  return local - Math.floor(at / 1000) * 1000;
}

function format(zone: string): Intl.DateTimeFormat {
  let made = formats.get(zone);
  if (!made) {
    const two = '2-digit';
    made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
    formats.set(zone, made);
  }
  return made;
}

function weekday(local: number): string {
  return weekdays[positive(Math.floor(local / dayMs) + 4, 7)]!; // 1 January 1970 was a Thursday
}

function positive(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}
