// Who reports and how well, which are silent beyond their habit, and which inputs' accounts do not add up: each by itself,
// for two that differ the other way round do not hide each other.
import { get } from './api';
import { today } from './desk.svelte';
import { dayNumber } from './format';
import { simulatedEver } from './session.svelte';
import type { InputAccount, SourceList, SourceQuality } from './types';

export const accounts = $state({ broken: [] as { input: string; missing: number }[], silent: 0 });

// What was read, and what it came to.
export const ACCOUNT = ['read', 'accepted', 'duplicate', 'superseded', 'rejected'] as const;
export const missing = ({ records }: InputAccount) => ACCOUNT.reduce((left, one) => (one === 'read' ? records.read : left - records[one]), 0);

// Silent beyond its habit, and not come back.
export const isSilent = (one: SourceQuality) => one.silences.some(({ to }) => !to);

// Days since its last report, up to the last day that is closed.
export const silentFor = (list: SourceList, one: SourceQuality) => dayNumber(list.closed_to ?? today()) - dayNumber(one.last_report);

// Worst last: on time, later than its usual gap, silent beyond its habit.
export const STANDS = ['health.on_time', 'health.late', 'health.silent'] as const;
export const stands = (list: SourceList, one: SourceQuality) => (isSilent(one) ? 2 : Number(silentFor(list, one) > (one.usual_gap_days ?? Infinity)));

export async function sources(): Promise<SourceList> {
  const list = await get<SourceList>('/sources');
  accounts.broken = (list.inputs ?? []).map((one) => ({ input: one.input, missing: missing(one) })).filter(({ missing }) => missing !== 0);
  accounts.silent = list.sources.filter(isSilent).length;
  if (list.sources.some(({ simulated }) => simulated)) simulatedEver.held = true;
  return list;
}
