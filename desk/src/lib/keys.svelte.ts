// Keys: each means one thing in the whole desk. The layer on top is asked first.
import { untrack } from 'svelte';
import type { Key } from './i18n.svelte';

export interface Binding {
  keys: string[];
  label: Key;
  act: (event: KeyboardEvent) => void;
  hint?: boolean;
  // What the hint shows in place of all keys.
  shows?: string[];
}

interface Layer {
  bindings: Binding[];
  // Nothing below it is asked.
  alone: boolean;
}

class Keyboard {
  layers = $state.raw<Layer[]>([]);
  // Whether single letters act.
  single = $state(localStorage.getItem('desk.keys') !== 'off');
}
export const keyboard = new Keyboard();
let prefix = '';

export function layer(bindings: Binding[], alone = false): () => void {
  const own: Layer = { bindings, alone };
  // Whoever puts a layer on does not depend on the others.
  untrack(() => (keyboard.layers = [...keyboard.layers, own]));
  return () => untrack(() => (keyboard.layers = keyboard.layers.filter((held) => held !== own)));
}

export function setSingle(on: boolean): void {
  keyboard.single = on;
  localStorage.setItem('desk.keys', on ? 'on' : 'off');
}

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !(target instanceof HTMLInputElement && /^(checkbox|radio)$/.test(target.type));

export function pressed(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const key = event.key;
  if (typing(event.target) && key !== 'Escape') return;
  if (key.length === 1 && !keyboard.single) return;
  const onControl = event.target instanceof Element && event.target.closest('button, a, summary, input, [data-keys]');
  if ((key === 'Enter' || key === ' ') && onControl) return;
  const whole = prefix ? `${prefix} ${key}` : key;
  prefix = '';
  for (const { bindings, alone } of [...keyboard.layers].reverse()) {
    for (const binding of bindings) {
      if (binding.keys.includes(whole)) {
        event.preventDefault();
        binding.act(event);
        return;
      }
      if (binding.keys.some((one) => one.startsWith(`${whole} `))) {
        prefix = whole;
        event.preventDefault();
        return;
      }
    }
    if (alone) return;
  }
}
