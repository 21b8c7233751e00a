// The one way to ask: a problem document becomes a `Problem`.
import type { Tlp, Triage, ViewRow } from './types';

export interface Told {
  title: string;
  detail: string;
  status: number;
  field?: string;
  allowed?: string;
  current?: Triage;
  current_view?: ViewRow;
}

export class Problem extends Error {
  told: Told;
  constructor(told: Told) {
    super(told.detail);
    this.told = told;
  }
}

export type Query = Record<string, string | number | undefined | null>;

export function address(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) params.set(name, String(value));
  const text = params.toString();
  return `/api/v1${path}${text ? `?${text}` : ''}`;
}

// Told where the caller is not known any more.
export const gate = { shut: (_: Told): void => undefined };

async function asked<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch {
    throw new Problem({ title: '', detail: '', status: 0 });
  }
  if (response.ok) return (await response.json()) as T;
  const told = (await response.json().catch(() => null)) as Told | null;
  const problem = told ?? { title: response.statusText, detail: '', status: response.status };
  if (response.status === 401) gate.shut(problem);
  throw new Problem(problem);
}

export const get = <T>(path: string, query?: Query) => asked<T>(address(path, query));

const send = <T>(method: string, path: string, body: unknown) =>
  asked<T>(address(path), { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export const post = <T>(path: string, body: unknown) => send<T>('POST', path, body);

export const put = <T>(path: string, body: unknown) => send<T>('PUT', path, body);

export const remove = <T>(path: string, query?: Query) => asked<T>(address(path, query), { method: 'DELETE' });

export function toProblem(error: unknown): Told {
  if (error instanceof Problem) return error.told;
  return { title: String(error), detail: '', status: -1 };
}

export interface Outcomes {
  outcomes: { alert_id: string; triage?: Triage; problem?: Told }[];
}
export type { Tlp };
