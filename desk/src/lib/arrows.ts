// Arrow keys over what stands in a row: where the cursor goes, or undefined for another key. A chart that takes the key
// keeps it from the page, whose own cursor stays where it is.
const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -1e6, End: 1e6 };

export const within = (at: number, count: number) => Math.min(count - 1, Math.max(0, at));

export function arrow(event: KeyboardEvent, at: number, count: number): number | undefined {
  const by = STEPS[event.key];
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  return within(at + by * (event.shiftKey ? 4 : 1), count);
}
