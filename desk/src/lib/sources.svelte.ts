// Who reports and how well, which are silent beyond their habit, and which inputs' accounts do not add up: each by itself,
// for two that differ the other way round do not hide each other.
import { get } from './api';
import { simulatedEver } from './session.svelte';
import type { InputAccount, SourceList, SourceQuality } from './types';

export const accounts = $state({ broken: [] as { input: string; missing: number }[], silent: 0 });

// What was read, and what it came to.
export const ACCOUNT = ['read', 'accepted', 'duplicate', 'superseded', 'rejected'] as const;
export const missing = ({ records }: InputAccount) => ACCOUNT.reduce((left, one) => (one === 'read' ? records.read : left - records[one]), 0);

// Silent beyond its habit, and not come back.
export const isSilent = (one: SourceQuality) => one.silences.some(({ to }) => !to);

export async function sources(): Promise<SourceList> {
  const list = await get<SourceList>('/sources');
  accounts.broken = (list.inputs ?? []).map((one) => ({ input: one.input, missing: missing(one) })).filter(({ missing }) => missing !== 0);
  accounts.silent = list.sources.filter(isSilent).length;
  if (list.sources.some(({ simulated }) => simulated)) simulatedEver.held = true;
  return list;
}
