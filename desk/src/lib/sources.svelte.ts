// Who reports and how well, and which inputs' accounts do not add up: each by itself, for two that differ the other way
// round do not hide each other.
import { get } from './api';
import { simulatedEver } from './session.svelte';
import type { SourceList } from './types';

export const accounts = $state({ broken: [] as { input: string; missing: number }[] });

export async function sources(): Promise<SourceList> {
  const list = await get<SourceList>('/sources');
  accounts.broken = (list.inputs ?? [])
    .map(({ input, records: { read, accepted, duplicate, superseded, rejected } }) => ({ input, missing: read - accepted - duplicate - superseded - rejected }))
    .filter(({ missing }) => missing !== 0);
  if (list.sources.some(({ simulated }) => simulated)) simulatedEver.held = true;
  return list;
}
