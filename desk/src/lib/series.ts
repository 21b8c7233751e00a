// Weekly amounts of a family's members behind an alert, and their shares over 28 days.
import { get, type Query } from './api';
import { dayNumber, isoDay } from './format';
import type { Alert, ShareList, Tlp } from './types';

export const WEEKS_ROLLED = 4;
// Questions at a time: the server works on four.
const ABREAST = 3;

export interface Weeks {
  // Last days of weeks, without a gap.
  days: string[];
  amounts: Map<string, number[]>;
  marking: Tlp | null;
  completeTo: string | null;
  simulated: boolean;
}
export type Measure = 'mass' | 'incidents';

// A cell below a market has no figures of its own to ask for.
export const hasShares = (alert: Alert) =>
  (alert.scope === 'market' || alert.scope === 'world') && (alert.kind === 'substitution' || alert.kind === 'displacement');

const isOrigin = (id: string) => /^[A-Z]{2}$/.test(id);

export const evidenceOf = (alert: Alert) => String(alert.headline_parts.args.evidence ?? alert.strata[0]?.evidence ?? '');

// The sources that the figures of an alert are of.
export function sourcesOf(alert: Alert): string[] {
  const evidence = evidenceOf(alert);
  return [...new Set(alert.strata.filter((stratum) => stratum.evidence === evidence).map(({ source }) => source))];
}

// What the volumes behind an alert are asked by.
export const question = (alert: Alert): Query => ({
  family: alert.family,
  market: alert.market === 'world' ? undefined : alert.market,
  evidence: evidenceOf(alert) || undefined,
  source: sourcesOf(alert).join(',') || undefined,
});

async function ask(alert: Alert, from: string, measure: Measure): Promise<Weeks> {
  const list = await get<ShareList>('/shares', {
    ...question(alert),
    of: alert.kind === 'displacement' ? 'route' : undefined,
    granularity: 'week',
    measure,
    from,
  });
  const byOrigin = [...alert.falling, ...alert.rising].some(({ id }) => isOrigin(id));
  return weeks(list, byOrigin ? (id) => id.slice(0, 2) : (id) => id);
}

export function weeks(list: ShareList, idOf: (id: string) => string): Weeks {
  const numbers = list.shares.map(({ day }) => dayNumber(day));
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  const length = numbers.length ? (last - first) / 7 + 1 : 0;
  const days = Array.from({ length: Math.round(length) }, (_, at) => isoDay(first + 7 * at));
  const amounts = new Map<string, number[]>();
  list.shares.forEach((point, at) => {
    const id = idOf(point.id);
    if (!amounts.has(id)) amounts.set(id, new Array<number>(days.length).fill(0));
    amounts.get(id)![Math.round((numbers[at] - first) / 7)] += point.amount;
  });
  return { days, amounts, marking: list.marking ?? null, completeTo: list.complete_to, simulated: list.simulated };
}

const held = new Map<string, Promise<Weeks>>();
let working = 0;
const queue: (() => void)[] = [];

async function turn<T>(work: () => Promise<T>): Promise<T> {
  if (working >= ABREAST) await new Promise<void>((go) => queue.push(go));
  working += 1;
  try {
    return await work();
  } finally {
    working -= 1;
    queue.shift()?.();
  }
}

export function sharesOf(alert: Alert, weeksBefore: number, measure: Measure = 'mass'): Promise<Weeks> {
  const key = `${alert.alert_id}.${alert.revision}.${weeksBefore}.${measure}`;
  let found = held.get(key);
  if (!found) {
    // What is before it is seen whole.
    const first = Math.min(dayNumber(alert.onset.date) - 7 * weeksBefore, dayNumber(alert.windows.before.from));
    const from = isoDay(first - 7 * WEEKS_ROLLED);
    found = turn(() => ask(alert, from, measure));
    held.set(key, found);
    // What failed is asked again.
    found.catch(() => held.delete(key));
  }
  return found;
}

// Sums over the last weeks at each week.
export function rolled(amounts: number[], over = WEEKS_ROLLED): number[] {
  return amounts.map((_, at) => amounts.slice(Math.max(0, at - over + 1), at + 1).reduce((sum, one) => sum + one, 0));
}

export function total(weeks: Weeks): number[] {
  const sums = new Array<number>(weeks.days.length).fill(0);
  for (const amounts of weeks.amounts.values()) amounts.forEach((amount, at) => (sums[at] += amount));
  return sums;
}

export interface Band {
  id: string;
  role: 'falling' | 'rising' | 'rest';
  // Ids that are added up in it.
  ids: string[];
  amounts: number[];
}

const LARGEST = 3;

// The falling ones below, the rising ones on top, between them the three largest others and the sum of what is left.
export function bands(weeks: Weeks, alert: Alert): Band[] {
  const zero = () => new Array<number>(weeks.days.length).fill(0);
  const of = (role: Band['role'], ids: string[]): Band[] =>
    ids.map((id) => ({ id, role, ids: [id], amounts: weeks.amounts.get(id) ?? zero() }));
  const [falling, rising] = [alert.falling, alert.rising].map((movers) => movers.map(({ id }) => id));
  const sum = (id: string) => weeks.amounts.get(id)!.reduce((all, one) => all + one, 0);
  const rest = [...weeks.amounts.keys()].filter((id) => !falling.includes(id) && !rising.includes(id)).sort((a, b) => sum(b) - sum(a));
  const named = rest.length > LARGEST + 1 ? rest.slice(0, LARGEST) : rest;
  const others = rest.slice(named.length);
  const other: Band[] = [];
  if (others.length > 0) {
    const amounts = zero();
    for (const id of others) weeks.amounts.get(id)!.forEach((amount, at) => (amounts[at] += amount));
    other.push({ id: '', role: 'rest', ids: others, amounts });
  }
  return [...of('falling', falling), ...of('rest', named), ...other, ...of('rising', rising)];
}

// What bands beside those of an alert have in one of its spans: they share what the alert's own leave over, in the
// proportion of the weeks that end within the span, so that all come to one.
export function restShares(weeks: Weeks, all: Band[], alert: Alert, which: 'before' | 'after'): Map<Band, number> {
  const { from, to } = alert.windows[which];
  const within = (amounts: number[]) => weeks.days.reduce((sum, day, at) => (day >= from && day <= to ? sum + amounts[at] : sum), 0);
  const own = [...alert.falling, ...alert.rising].reduce((sum, mover) => sum + mover[`share_${which}`].value, 0);
  const rest = all.filter(({ role }) => role === 'rest').map((band) => ({ band, amount: Math.max(0, within(band.amounts)) }));
  const sum = rest.reduce((total, { amount }) => total + amount, 0);
  return new Map(rest.map(({ band, amount }) => [band, sum > 0 ? (amount / sum) * Math.max(0, 1 - own) : 0]));
}
