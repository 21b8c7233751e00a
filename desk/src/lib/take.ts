// Files that a reader takes away: each says its marking, what was asked and what built it.
import { session } from './session.svelte';
import type { Tlp } from './types';

const cell = (value: string | number | null) => {
  const text = String(value ?? '');
  // A text that a spreadsheet would run is made a text.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export function table(columns: string[], rows: (string | number | null)[][], marking: Tlp, query: string): Blob {
  const [build, catalog] = [session.me?.build ?? '', session.me?.catalog ?? ''];
  const more = [marking, query, build, catalog];
  const lines = [[...columns, 'page_marking', 'query', 'build', 'catalog'], ...rows.map((row) => [...row, ...more])];
  return new Blob([lines.map((line) => line.map(cell).join(',')).join('\n') + '\n'], { type: 'text/csv' });
}

export function save(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
