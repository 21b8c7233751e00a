// Saved views: filters and order of the inbox under a name, the reader's own and those that others share with them.
import { get, post, put, remove } from './api';
import { param, setParams } from './route.svelte';
import type { NewView, ViewList, ViewRow } from './types';

const PAGE = 200;
// What of the address a view keeps.
export const FILTERS = ['kind', 'family', 'market', 'priority', 'marking'] as const;
const KEPT = [...FILTERS, 'q', 'sort'];
export type Held = Record<string, string>;

// No filter and the first order.
export const NONE: Held = Object.fromEntries(KEPT.map((name) => [name, '']));

export const asked = (): Held => Object.fromEntries(KEPT.map((name) => [name, param(name)]).filter(([, value]) => value !== ''));

// The parameters of a view; one that it does not name is set back.
export function paramsOf(view: ViewRow): Held {
  const held = Object.entries(view.filters).filter(([name, value]) => KEPT.includes(name) && typeof value === 'string') as [string, string][];
  return { ...NONE, ...Object.fromEntries(held), view: view.view_id, alert: '' };
}

class Views {
  all = $state.raw<ViewRow[]>([]);
  loaded = $state(false);

  // The one that the address names, where the reader may see it.
  get open(): ViewRow | undefined {
    return this.all.find(({ view_id }) => view_id === param('view'));
  }

  async load(): Promise<void> {
    const all: ViewRow[] = [];
    let cursor: string | null | undefined;
    do {
      const list: ViewList = await get<ViewList>('/views', { limit: PAGE, cursor });
      all.push(...list.views);
      cursor = list.next_cursor;
    } while (cursor);
    this.all = all.sort((a, b) => a.name.localeCompare(b.name));
    this.loaded = true;
    // An address with nothing but the view's id asks for what the view keeps.
    if (this.open && Object.keys(asked()).length === 0) setParams({ ...paramsOf(this.open), alert: param('alert') });
  }

  take(view: ViewRow): void {
    this.all = [...this.all.filter(({ view_id }) => view_id !== view.view_id), view].sort((a, b) => a.name.localeCompare(b.name));
  }

  async save(view: NewView): Promise<void> {
    const made = await post<ViewRow>('/views', view);
    this.take(made);
    setParams({ view: made.view_id });
  }

  async replace(id: string, version: number, view: NewView): Promise<void> {
    this.take(await put<ViewRow>(`/views/${id}`, { version, view }));
  }

  async forget(id: string, version: number): Promise<void> {
    await remove(`/views/${id}`, { version });
    this.all = this.all.filter(({ view_id }) => view_id !== id);
    setParams({ view: '' });
  }
}

export const views = new Views();
