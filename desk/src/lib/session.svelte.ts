// Who reads, and what is on the page: the marking strips say it.
import { untrack } from 'svelte';
import { gate, get, toProblem, type Told } from './api';
import type { Catalog, Me, Tlp } from './types';
import { highest } from './words';

export const session = $state({ me: null as Me | null, problem: null as Told | null, ended: false });

// A session that ends while somebody reads: the page asks for another, and comes back to where it was.
gate.shut = (problem) => {
  if (!session.me) return;
  session.ended = true;
  session.problem = problem;
};

// What each part of the page shows. The page's marking is the highest of it.
const shown = $state<Record<string, { marking: Tlp | null; simulated: boolean }>>({});

export function show(part: string, marking: Tlp | null | undefined, simulated = false): void {
  shown[part] = { marking: marking ?? null, simulated };
}

// Whoever clears does not depend on what was shown.
export function clearShown(): void {
  untrack(() => {
    for (const part of Object.keys(shown)) delete shown[part];
  });
}

export const page = {
  get marking(): Tlp {
    return highest(Object.values(shown).map(({ marking }) => marking));
  },
  get simulated(): boolean {
    return simulatedEver.held || Object.values(shown).some(({ simulated }) => simulated);
  },
};

// One simulated source is enough for every page.
export const simulatedEver = $state({ held: false });

export async function who(): Promise<void> {
  try {
    const me = await get<Me>('/me');
    session.problem = me.roles.length > 0 ? null : { title: '', detail: '', status: 403 };
    session.me = me;
    if (me.simulated) simulatedEver.held = true;
  } catch (error) {
    session.problem = toProblem(error);
  }
}

export const may = (role: string) => session.me?.roles.includes(role) ?? false;

export const catalog = $state({ substances: new Map<string, { name: string; short: string; cas: string }>(), families: new Map<string, string>() });

export async function names(): Promise<void> {
  const found = await get<Catalog>('/catalog/substances').catch(() => null);
  if (!found) return;
  catalog.substances = new Map(found.substances.map((own) => [own.id, { name: own.name, short: own.short_name, cas: own.cas[0] ?? '' }]));
  catalog.families = new Map(found.families.map(({ id, name }) => [id, name]));
}

export const family = (id: string) => catalog.families.get(id) ?? id;
export const substance = (id: string) => catalog.substances.get(id)?.short ?? id;
