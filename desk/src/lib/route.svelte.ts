// The address is the state: path and query say everything that a page shows.
export const place = $state({ path: location.pathname, query: new URLSearchParams(location.search) });

function take(): void {
  place.path = location.pathname;
  place.query = new URLSearchParams(location.search);
}

addEventListener('popstate', take);

export function go(to: string): void {
  history.pushState(null, '', to);
  take();
}

export function param(name: string): string {
  return place.query.get(name) ?? '';
}

// Sets values of the query; an empty one is left out. The page before stays one step back.
export function setParams(values: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  if (text === location.search.slice(1)) return;
  history.replaceState(null, '', location.pathname + (text ? `?${text}` : ''));
  take();
}

// Browsers take few changes of an address in a row: what moves with a pointer is written once it rests.
const REST_MS = 300;
let resting: ReturnType<typeof setTimeout> | undefined;
let moved: Record<string, string> = {};

export function setParamsAtRest(values: Record<string, string>): void {
  const { path } = place;
  clearTimeout(resting);
  moved = { ...moved, ...values };
  resting = setTimeout(() => {
    if (path === place.path) setParams(moved);
    moved = {};
  }, REST_MS);
}

// Charts that stand as tables, by name.
const tables = () => new Set(param('table').split(',').filter(Boolean));

export function isTable(chart: string): boolean {
  return tables().has(chart);
}

export function setTable(chart: string, on = !isTable(chart)): void {
  const all = tables();
  if (on) all.add(chart);
  else all.delete(chart);
  setParams({ table: [...all].sort().join(',') });
}

// Follows links inside the desk without loading the page again.
export function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest?.('a');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.target || link.pathname.startsWith('/api/') || link.hasAttribute('download')) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
