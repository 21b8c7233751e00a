// Axes: round steps and months.
import { dayNumber, isoDay, monthOf } from '../lib/format';

export function niceStep(top: number, ticks: number): number {
  const rough = top / ticks || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= rough)!;
}

export function ticksTo(top: number, ticks: number): number[] {
  const step = niceStep(top, ticks);
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, at) => at * step);
}

const STEPS = [1, 2, 3, 6, 12];

export function months(from: number, to: number, most: number): { at: number; label: string }[] {
  const step = STEPS.find((step) => (to - from) / 30.4 / step <= most) ?? 12;
  const found: { at: number; label: string }[] = [];
  const first = new Date(from * 86_400_000);
  let [year, month] = [first.getUTCFullYear(), first.getUTCMonth() + (first.getUTCDate() > 1 ? 1 : 0)];
  for (;;) {
    year += Math.floor(month / 12);
    month %= 12;
    const iso = `${year}-${String(month + 1).padStart(2, '0')}-01`;
    const at = dayNumber(iso);
    if (at > to) return found;
    if (month % step === 0) found.push({ at, label: monthOf(iso, found.length === 0 || month === 0) });
    month += 1;
  }
}

// By how much the largest may be multiplied without being more than the widest: 1, 2 or 5, or those by tens.
export function widthScale(most: number, widest: number): number {
  const power = 10 ** Math.floor(Math.log10(widest / most));
  return [5, 2, 1].map((step) => step * power).find((step) => step * most <= widest) ?? power;
}

// A rough width of a text of 12 px: wide enough for every letter of the families used.
export const textWidth = (text: string, bold = false) =>
  [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 12.4 : /[A-Z0-9mw→%]/.test(letter) ? 7.4 : 5.9), 0) * (bold ? 1.06 : 1);

export interface Placed {
  x0: number;
  x1: number;
  row: number;
}

// The first row of each label in which it touches no other.
export function rows(labels: { x0: number; x1: number }[], gap = 10): Placed[] {
  const placed: Placed[] = [];
  for (const label of labels) {
    let row = 0;
    while (placed.some((other) => other.row === row && label.x0 < other.x1 + gap && label.x1 > other.x0 - gap)) row += 1;
    placed.push({ ...label, row });
  }
  return placed;
}

// Heights for labels of one line that are wished at some height and may not overlap.
export function spread(wished: number[], top: number, bottom: number, line: number): number[] {
  const order = wished.map((y, at) => ({ y, at })).sort((a, b) => a.y - b.y);
  let least = top;
  for (const one of order) {
    one.y = Math.max(one.y, least);
    least = one.y + line;
  }
  let most = bottom;
  for (const one of [...order].reverse()) {
    one.y = Math.min(one.y, most);
    most = one.y - line;
  }
  const found = new Array<number>(wished.length);
  for (const { y, at } of order) found[at] = y;
  return found;
}

export const weekOf = (days: string[], number: number) =>
  Math.min(days.length - 1, Math.max(0, Math.round((number - dayNumber(days[0])) / 7)));

export { dayNumber, isoDay };
