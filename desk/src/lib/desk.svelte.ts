// The alerts of the desk: held whole, so that filters, counts and order need no further question.
import { get, post, toProblem, type Outcomes, type Told } from './api';
import { dayNumber } from './format';
import { listen } from './live.svelte';
import { param } from './route.svelte';
import { session, simulatedEver } from './session.svelte';
import type { Alert, AlertCounts, AlertList, Beside, CellCounts, Triage } from './types';
import { FILTERS, type Held } from './views.svelte';
import { headline } from './words';

const PAGE = 200;
// More alerts than a desk can look at: the rest is said to be there and is reached by a filter.
const PAGES_MAX = 5;
const ENDED_DAYS = 7;

export interface Item {
  alert: Alert;
  beside: Beside;
}
export type Group = 'fresh' | 'open' | 'acknowledged' | 'ended';
export const GROUPS: Group[] = ['fresh', 'open', 'acknowledged', 'ended'];
export const TABS = ['desk', 'mine', 'unassigned', 'closed'] as const;
export type Tab = (typeof TABS)[number];

class Desk {
  items = $state.raw<Item[]>([]);
  loaded = $state(false);
  loading = $state(false);
  more = $state(false);
  problem = $state<Told | null>(null);
  closedTo = $state<string | null>(null);
  counts = $state.raw<AlertCounts | null>(null);
  // What is looked at, for a reader who may see everything.
  cells = $state.raw<CellCounts | null>(null);
  // Alerts of which the stream told and that are not taken in yet.
  waiting = $state.raw(new Set<string>());
  selected = $state.raw(new Set<string>());

  // What the stream told while a list was on its way, which may be older than that.
  private heard: Triage[] = [];

  async load(): Promise<void> {
    this.loading = true;
    this.heard = [];
    try {
      const items: Item[] = [];
      let cursor: string | undefined;
      let list: AlertList | null = null;
      for (let page = 0; page < PAGES_MAX; page++) {
        list = await get<AlertList>('/alerts', { limit: PAGE, cursor });
        list.alerts.forEach((alert, at) => items.push({ alert, beside: list!.beside[at] }));
        cursor = list.next_cursor;
        if (!cursor) break;
      }
      this.items = items;
      this.heard.forEach((triage) => this.triaged(triage));
      this.more = cursor !== undefined;
      this.closedTo = list?.closed_to ?? null;
      this.counts = list?.counts ?? null;
      this.cells = list?.cells ?? null;
      this.waiting = new Set();
      this.problem = null;
      this.loaded = true;
      if (items.some(({ alert }) => alert.simulated)) simulatedEver.held = true;
    } catch (error) {
      this.problem = toProblem(error);
    } finally {
      this.loading = false;
    }
  }

  find(id: string): Item | undefined {
    return this.items.find(({ alert }) => alert.alert_id === id);
  }

  triaged(triage: Triage): void {
    if (this.loading) this.heard = [...this.heard, triage];
    this.items = this.items.map((item) =>
      item.alert.alert_id === triage.alert_id && item.beside.triage.version <= triage.version
        ? { ...item, beside: { ...item.beside, triage } }
        : item,
    );
  }

  beside(id: string, beside: Beside): void {
    this.items = this.items.map((item) => (item.alert.alert_id === id ? { ...item, beside } : item));
  }

  toggle(id: string): void {
    const selected = new Set(this.selected);
    if (!selected.delete(id)) selected.add(id);
    this.selected = selected;
  }
}

export const desk = new Desk();

listen((event) => {
  if (event.name === 'triage') desk.triaged(event.triage);
  if (event.name === 'alert') desk.waiting = new Set(desk.waiting).add(event.alert.alert_id);
  if (event.name === 'reset') desk.waiting = new Set(desk.waiting).add('');
});

export const unseen = ({ alert, beside }: Item) => (beside.seen_revision ?? 0) < alert.revision;
const over = ({ alert }: Item) => alert.status === 'withdrawn' || alert.status === 'expired';
const closed = ({ beside }: Item) => beside.triage.state === 'closed';

// The day by which ages count: the last that detection closed.
export const today = () => desk.closedTo ?? new Date().toISOString().slice(0, 10);

// Ended alerts stay on the desk for a week.
function longOver(item: Item): boolean {
  return over(item) && dayNumber(today()) - dayNumber(item.alert.as_of) > ENDED_DAYS;
}

export function group(item: Item): Group {
  if (over(item)) return 'ended';
  if (item.beside.triage.state === 'acknowledged') return 'acknowledged';
  return unseen(item) ? 'fresh' : 'open';
}

export function inTab(item: Item, tab: Tab): boolean {
  const done = closed(item) || longOver(item);
  if (tab === 'closed') return done;
  if (done) return false;
  if (tab === 'mine') return item.beside.triage.assignee === session.me?.handle;
  if (tab === 'unassigned') return !item.beside.triage.assignee;
  return true;
}

export function tabOf(): Tab {
  const named = TABS.find((tab) => tab === param('view'));
  return named ?? 'desk';
}

export function valueOf({ alert }: Item, filter: (typeof FILTERS)[number]): string {
  return filter === 'priority' ? alert.priority.band : alert[filter];
}

// Whether filters take an alert: those of the address, or those of a saved view.
export function takes(item: Item, of: (name: string) => string = param): boolean {
  for (const filter of FILTERS) {
    const wanted = of(filter);
    if (wanted && !wanted.split(',').includes(valueOf(item, filter))) return false;
  }
  const text = of('q').trim().toLowerCase();
  if (!text) return true;
  const { alert } = item;
  const movers = [...alert.falling, ...alert.rising];
  const said = [headline(alert), alert.headline, alert.alert_id, alert.family, ...movers.flatMap(({ id, name, cas }) => [id, name, cas ?? ''])];
  return said.some((one) => one.toLowerCase().includes(text));
}

export const countOf = (held: Held) => desk.items.filter((item) => inTab(item, 'desk') && takes(item, (name) => held[name] ?? '')).length;

export type Sort = 'priority' | 'newest' | 'onset';
export const sortOf = (): Sort => (['newest', 'onset'] as const).find((sort) => sort === param('sort')) ?? 'priority';

const order: Record<Sort, (a: Item, b: Item) => number> = {
  priority: () => 0,
  newest: (a, b) => b.alert.as_of.localeCompare(a.alert.as_of),
  onset: (a, b) => b.alert.onset.date.localeCompare(a.alert.onset.date),
};

// What a view lists, group by group. The API's own order is by priority.
export function listed(): { group: Group; items: Item[] }[] {
  const tab = tabOf();
  const items = desk.items.filter((item) => inTab(item, tab) && takes(item)).sort(order[sortOf()]);
  return GROUPS.map((name) => ({ group: name, items: items.filter((item) => group(item) === name) })).filter(({ items }) => items.length > 0);
}

export const rowsOf = () => listed().flatMap(({ items }) => items);

export type Decision =
  | { command: 'acknowledge'; until: string }
  | { command: 'assign'; assignee: string }
  | { command: 'unassign' }
  | { command: 'close'; reason: string }
  | { command: 'reopen' };

// Decides of alerts as they were seen; what each came to.
export async function decide(items: Item[], decision: Decision): Promise<Outcomes> {
  const alerts = items.map(({ alert, beside }) => ({ alert_id: alert.alert_id, version: beside.triage.version }));
  const outcomes = await post<Outcomes>('/triage', { alerts, ...decision });
  for (const { triage, problem } of outcomes.outcomes) {
    if (triage) desk.triaged(triage);
    if (problem?.current) desk.triaged(problem.current);
  }
  return outcomes;
}

// The decisions that lead back to how an alert stood. What was new and put aside is new again by way of its reader.
export function back(before: Triage, after: Triage): Decision[] {
  const steps: Decision[] = after.state === 'closed' ? [{ command: 'reopen' }] : [];
  if (before.state === 'acknowledged' && before.until) {
    if (after.assignee && !before.assignee) steps.push({ command: 'unassign' });
    return [...steps, { command: 'acknowledge', until: before.until }];
  }
  if (before.assignee) return [...steps, { command: 'assign', assignee: before.assignee }];
  if (after.state === 'closed') return steps;
  if (!after.assignee) steps.push({ command: 'assign', assignee: session.me?.handle ?? '' });
  return [...steps, { command: 'unassign' }];
}

export async function undo(was: { before: Triage; after: Triage }[]): Promise<void> {
  for (const { before, after } of was) {
    let version = after.version;
    for (const step of back(before, after)) {
      const triage = await post<Triage>(`/alerts/${after.alert_id}/triage`, { version, ...step });
      version = triage.version;
      desk.triaged(triage);
    }
  }
}
