// The live stream. It is read by hand: a comment of the server is a sign of life too, and an EventSource hides it.
import { gate } from './api';
import type { Alert, Triage } from './types';

export type Event =
  | { name: 'alert'; alert: Alert }
  | { name: 'triage'; triage: Triage }
  | { name: 'note'; alert: string }
  | { name: 'reset' };

const SILENT_MS = 30_000;
const AGAIN_MS = 3_000;
const OLD_MS = 15 * 60_000;

export const live = $state({ on: false, heard: new Date(), silent: false, old: false });
const listeners = new Set<(event: Event) => void>();
let last = '';

export function listen(to: (event: Event) => void): () => void {
  listeners.add(to);
  return () => void listeners.delete(to);
}

function tell(name: string, data: string): void {
  let event: Event;
  if (name === 'reset') event = { name };
  else if (name === 'triage') event = { name, triage: JSON.parse(data) as Triage };
  else if (name === 'note') event = { name, alert: (JSON.parse(data) as { alert_id: string }).alert_id };
  else event = { name: 'alert', alert: JSON.parse(data) as Alert };
  for (const listener of listeners) listener(event);
}

function message(text: string): void {
  let [name, data] = ['', ''];
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    const [field, value] = [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
    if (field === 'event') name = value;
    if (field === 'data') data += value;
    if (field === 'id') last = value;
  }
  if (name) tell(name, data);
}

async function read(): Promise<void> {
  const headers: Record<string, string> = last ? { 'last-event-id': last } : {};
  const response = await fetch('/api/v1/stream', { headers, credentials: 'same-origin' });
  if (response.status === 401) gate.shut({ title: '', detail: '', status: 401 });
  if (!response.ok || !response.body) throw new Error(String(response.status));
  alive();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    held += value.replaceAll('\r', '');
    const messages = held.split('\n\n');
    held = messages.pop() ?? '';
    messages.forEach(message);
  }
}

function alive(): void {
  live.on = true;
  live.heard = new Date();
  live.silent = false;
  live.old = false;
}

export async function start(): Promise<void> {
  setInterval(() => {
    const since = Date.now() - live.heard.getTime();
    live.silent = since > SILENT_MS;
    live.old = since > OLD_MS;
  }, 1_000);
  for (;;) {
    await read().catch(() => undefined);
    live.on = false;
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}
