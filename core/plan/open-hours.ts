/**
 * Sets of time made of daily windows, compared exactly. Each time zone's week is cut at the windows' edges; windows of
 * different zones are taken to meet in every way, so that a "yes" holds on each day of the year and "no" is the answer
 * when in doubt.
 */
import { windowAt } from '../clock/hours.ts';
import { type Hours, weekdays } from '../model/documents.ts';

/** undefined = always. */
export type Window = Hours | undefined;

/** Open when `hours` is and none of `minus` is. */
export interface Term {
  readonly hours: Window;
  readonly minus: readonly Window[];
}

/** Open when all of `all` are and none of `minus` is. */
export interface Needed {
  readonly all: readonly Window[];
  readonly minus: readonly Window[];
}

type IsOpen = (window: Window) => boolean;

const weekMinutes = 7 * 1440;
/** More ways than this for zones to meet are not looked through: the answer is then no. */
const mostMeetings = 20_000;
const keys = new WeakMap<Hours, string>();

/** True when at every moment that is needed, each clause has an open term. */
export function alwaysCovered(needed: Needed, clauses: readonly (readonly Term[])[]): boolean {
  if (clauses.every((terms) => terms.some((term) => isNoLess(term, needed)))) return true;
  const holds = (isOpen: IsOpen): boolean =>
    !needed.all.every(isOpen) ||
    needed.minus.some(isOpen) ||
    clauses.every((terms) => terms.some(({ hours, minus }) => isOpen(hours) && !minus.some(isOpen)));
  const windows = [
    ...needed.all,
    ...needed.minus,
    ...clauses.flatMap((terms) => terms.flatMap(({ hours, minus }) => [hours, ...minus])),
  ].filter((window) => window !== undefined);
  return windows.length === 0 ? holds(() => true) : everyMeeting(windows, holds);
}

/** A term that says what is needed, or more, in the same words. */
function isNoLess({ hours, minus }: Term, needed: Needed): boolean {
  const has = (windows: readonly Window[], window: Window): boolean =>
    windows.some((one) => hoursKey(one) === hoursKey(window));
  return (hours === undefined || has(needed.all, hours)) && minus.every((window) => has(needed.minus, window));
}

/** Minutes of a week (one without a change of clocks) in which a term of every clause is open. */
export function openMinutes(clauses: readonly (readonly Term[])[]): number {
  const all = clauses.flatMap((terms) => terms.flatMap(({ hours, minus }) => [hours, ...minus]));
  const windows = all.filter((window) => window !== undefined);
  const open = (isOpen: IsOpen): boolean =>
    clauses.every((terms) => terms.some(({ hours, minus }) => isOpen(hours) && !minus.some(isOpen)));
  const edges = [...new Set(windows.flatMap((window) => edgesOf(window).edges))].sort((a, b) => a - b);
  let minutes = 0;
  for (const [i, from] of [0, ...edges].entries()) {
    const to = edges[i] ?? weekMinutes;
    if (to > from && open((window) => window === undefined || edgesOf(window).isOpen(from))) minutes += to - from;
  }
  return minutes;
}

/** `mon-fri 08:00-18:00 Europe/Berlin`. */
export function formatHours({ timeZone, days, from, to }: Hours): string {
  const order = weekdays.filter((day) => days.includes(day));
  const first = weekdays.indexOf(order[0] ?? 'mon');
  const inRow = order.length > 2 && order.every((day, i) => weekdays.indexOf(day) === first + i);
  const named = inRow ? `${order[0]}-${order.at(-1)}` : order.join(',');
  return `${named} ${clockTime(from)}-${clockTime(to)} ${timeZone}`;
}

/** The same for the same hours, however the days are ordered. */
export function hoursKey(window: Window): string {
  if (window === undefined) return '';
  let key = keys.get(window);
  if (key === undefined) {
    key = formatHours(window);
    keys.set(window, key);
  }
  return key;
}

function everyMeeting(windows: readonly Hours[], holds: (isOpen: IsOpen) => boolean): boolean {
  const zones = [...Map.groupBy(windows, ({ timeZone }) => timeZone).values()].map(momentsOf);
  if (zones.reduce((product, moments) => product * moments.length, 1) > mostMeetings) return false;
  const open = new Set<string>();
  const walk = (zone: number): boolean => {
    const moments = zones[zone];
    if (!moments) return holds((window) => window === undefined || open.has(hoursKey(window)));
    return moments.every((moment) => {
      for (const key of moment) open.add(key);
      const ok = walk(zone + 1);
      for (const key of moment) open.delete(key);
      return ok;
    });
  };
  return walk(0);
}

const knownMoments = new Map<string, (readonly string[])[]>();

/** As `weekOf`, kept for the windows that meet often. */
function momentsOf(windows: readonly Hours[]): (readonly string[])[] {
  const key = [...new Set(windows.map(hoursKey))].sort().join('\n');
  const found = knownMoments.get(key) ?? weekOf(windows);
  if (knownMoments.size >= 1000) knownMoments.clear();
  knownMoments.set(key, found);
  return found;
}

/** Every combination of windows of one zone that are open together at some minute of its week. */
function weekOf(windows: readonly Hours[]): (readonly string[])[] {
  const unique = new Map(windows.map((window) => [hoursKey(window), window]));
  const edges = new Set([0]);
  for (let day = 0; day < 7; day++) {
    for (const { from, to } of unique.values()) edges.add(day * 1440 + from).add(day * 1440 + to);
    edges.add(day * 1440);
  }
  const moments = new Map<string, readonly string[]>();
  for (const at of edges) {
    if (at >= weekMinutes) continue;
    const day = weekdays[Math.floor(at / 1440)]!;
    const minute = at % 1440;
    const keys = [...unique]
      .filter(([, { days, from, to }]) => days.includes(day) && minute >= from && minute < to)
      .map(([key]) => key);
    moments.set(keys.join('\n'), keys);
  }
  return [...moments.values()];
}

interface Edges {
  readonly edges: readonly number[];
  readonly isOpen: (minute: number) => boolean;
}

const monday = Date.UTC(2026, 0, 5);
const edgesKnown = new Map<string, Edges>();

/** When a window opens and closes in the week that hours are counted in, in UTC minutes from its Monday. */
function edgesOf(window: Hours): Edges {
  let found = edgesKnown.get(hoursKey(window));
  if (!found) {
    const states: { readonly from: number; readonly open: boolean }[] = [];
    const end = monday + weekMinutes * 60_000;
    for (let at = monday; at < end; ) {
      const { open, until } = windowAt(window, at);
      states.push({ from: (at - monday) / 60_000, open });
      at = until ?? end;
    }
    found = {
      edges: states.map(({ from }) => from),
      isOpen: (minute) => states.findLast(({ from }) => from <= minute)?.open ?? false,
    };
    if (edgesKnown.size >= 1000) edgesKnown.clear();
    edgesKnown.set(hoursKey(window), found);
  }
  return found;
}

function clockTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
