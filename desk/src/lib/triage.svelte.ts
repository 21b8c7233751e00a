// What people decide: the open form, what it came to, and the way back.
import { post, toProblem, type Told } from './api';
import { decide, desk, undo, type Decision, type Item } from './desk.svelte';
import { t, type Key } from './i18n.svelte';
import { session } from './session.svelte';
import type { Note, Triage } from './types';
import { standWords } from './words';

export type Form = 'acknowledge' | 'assign' | 'close' | 'note';
export const FORMS: Form[] = ['acknowledge', 'assign', 'close', 'note'];
const UNDO_MS = 10_000;

export const triage = $state({
  form: null as Form | null,
  items: [] as Item[],
  problem: null as Told | null,
  said: '',
  was: null as { before: Triage; after: Triage }[] | null,
  noted: 0,
});
let timer = 0;

export function openForm(form: Form, items: Item[]): void {
  if (items.length === 0) return;
  triage.form = form;
  triage.items = items;
  triage.problem = null;
}

export function closeForm(): void {
  triage.form = null;
}

function say(text: string, was: { before: Triage; after: Triage }[] | null): void {
  triage.said = text;
  triage.was = was;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    triage.was = null;
    triage.said = '';
  }, UNDO_MS);
}

export async function applyForm(decision: Decision): Promise<void> {
  // As they stand now: what another did meanwhile was told by the stream.
  const items = triage.items.map((item) => desk.find(item.alert.alert_id) ?? item);
  try {
    const { outcomes } = await decide(items, decision);
    const failed = outcomes.find(({ problem }) => problem)?.problem;
    const was = outcomes.flatMap(({ triage: after, alert_id }) => {
      const before = items.find(({ alert }) => alert.alert_id === alert_id)?.beside.triage;
      return after && before ? [{ before, after }] : [];
    });
    if (was.length > 0) {
      const words = standWords(was[0].after);
      say(was.length === 1 ? words : t('done_many', { count: was.length, words }), was);
    }
    if (failed) {
      triage.problem = failed;
      return;
    }
    desk.selected = new Set();
    closeForm();
  } catch (error) {
    triage.problem = toProblem(error);
  }
}

export async function addNote(body: string): Promise<void> {
  try {
    for (const { alert } of triage.items) await post<Note>(`/alerts/${alert.alert_id}/notes`, { body });
    triage.noted += 1;
    say(t('note_kept'), null);
    closeForm();
  } catch (error) {
    triage.problem = toProblem(error);
  }
}

export async function takeBack(): Promise<void> {
  const was = triage.was;
  if (!was) return;
  triage.was = null;
  try {
    await undo(was);
    say(t('undone'), null);
  } catch (error) {
    say(toProblem(error).detail || t('error.network'), null);
  }
}

export const FORM_KEYS: Record<Form, { key: string; label: Key }> = {
  acknowledge: { key: 'a', label: 'key.acknowledge' },
  assign: { key: 's', label: 'key.assign' },
  close: { key: 'c', label: 'key.close' },
  note: { key: 'n', label: 'key.note' },
};

export const me = () => session.me?.handle ?? '';
