// How much of what is after the line of completeness has most likely arrived: one form for every chart.
import { get, type Query } from './api';
import { isoDay, dayNumber, percent, points } from './format';
import { t } from './i18n.svelte';
import type { VolumeList } from './types';

// By the last day of a week, the least of what is added up in it.
export type Arrived = Map<string, number>;
export const NONE: Arrived = new Map();
const PAGE = 10_000;

// Of the weeks after a day.
export async function arrivedAfter(day: string, query: Query, takes = (_source: string) => true): Promise<Arrived> {
  const found: Arrived = new Map();
  let cursor: string | undefined;
  do {
    const list = await get<VolumeList>('/volumes', { ...query, from: isoDay(dayNumber(day) + 1), granularity: 'week', roll_up: 'market', limit: PAGE, cursor });
    for (const { day, source, arrived_share } of list.arrived) if (takes(source)) found.set(day, Math.min(arrived_share, found.get(day) ?? 1));
    cursor = list.next_cursor;
  } while (cursor);
  return found;
}

// "provisional: 61–91 % arrived", of weeks of which something is known.
export function provisional(arrived: Arrived, days: Iterable<string> = arrived.keys()): string {
  const shares = [...days].flatMap((day) => arrived.get(day) ?? []);
  if (shares.length === 0) return t('provisional');
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  const from = points(low);
  return t('provisional_arrived', { share: from === points(high) ? percent(high) : `${from}–${percent(high)}` });
}
