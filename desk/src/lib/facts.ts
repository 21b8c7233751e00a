// Weekly volumes of a family as columns, decoded from Arrow, and what they come to under a selection.
import { columns } from './arrow';
import { dayNumber } from './format';
import type { Tlp } from './types';

export interface Facts {
  rows: number;
  // The last day of each row's week, as a number of days.
  day: Int32Array;
  substance: Uint16Array;
  route: Uint16Array;
  source: Uint16Array;
  evidence: Uint16Array;
  kg: Float64Array;
  records: Float64Array;
  names: Record<Text, string[]>;
  first: number;
  weeks: number;
  marking: Tlp | null;
}
type Text = 'substance' | 'route' | 'source' | 'evidence';

export async function facts(address: string): Promise<Facts> {
  const response = await fetch(address, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(((await response.json().catch(() => null)) as { detail?: string } | null)?.detail ?? response.statusText);
  const bytes = new Uint8Array(await response.arrayBuffer());
  performance.mark('explore-bytes');
  return { ...decoded(bytes), marking: response.headers.get('headwater-marking') as Tlp | null };
}

// More places than texts of a column, and a power of two.
const PLACES = 1 << 16;
const TWO_32 = 2 ** 32;

// The batches of a column as they lie in the answer: texts are told apart by their bytes, and only one of each is read.
function decoded(bytes: Uint8Array<ArrayBuffer>): Omit<Facts, 'marking'> {
  const table = columns(bytes);
  const batches = (name: string) => table.get(name)!;
  const rows = batches('day').reduce((sum, { length }) => sum + length, 0);
  const names = {} as Record<Text, string[]>;
  const places = new Int32Array(PLACES);
  const indexed = (name: Text) => {
    const found = new Uint16Array(rows);
    const held: Uint8Array[] = [];
    // One more than the index of what lies at a place.
    places.fill(0);
    let at = 0;
    for (const { length, values: all, offsets } of batches(name)) {
      for (let row = 0; row < length; row++, at++) {
        const [from, to] = [offsets[row], offsets[row + 1]];
        // Rows are in order: often the text is that of the row before.
        if (at > 0 && equal(held[found[at - 1]], all, from, to)) {
          found[at] = found[at - 1];
          continue;
        }
        let place = to - from;
        for (let k = from; k < to; k++) place = (Math.imul(place, 31) + all[k]) | 0;
        place = (place ^ (place >>> 16)) & (PLACES - 1);
        while (places[place] > 0 && !equal(held[places[place] - 1], all, from, to)) place = (place + 1) & (PLACES - 1);
        if (places[place] === 0) places[place] = held.push(all.slice(from, to));
        found[at] = places[place] - 1;
      }
    }
    const reader = new TextDecoder();
    names[name] = held.map((text) => reader.decode(text));
    return found;
  };
  // Whole numbers of 64 bits by their halves: none is made a BigInt on the way.
  const numbers = (name: string, unit: number) => {
    const found = new Float64Array(rows);
    let at = 0;
    for (const { length, values } of batches(name)) {
      const halves = new Int32Array(values.buffer, values.byteOffset, 2 * length);
      for (let row = 0; row < length; row++) found[at++] = (halves[2 * row + 1] * TWO_32 + (halves[2 * row] >>> 0)) / unit;
    }
    return found;
  };
  const day = new Int32Array(rows);
  let at = 0;
  let [first, last] = [Infinity, -Infinity];
  for (const { length, values } of batches('day')) {
    for (const one of new Int32Array(values.buffer, values.byteOffset, length)) {
      day[at++] = one;
      if (one < first) first = one;
      if (one > last) last = one;
    }
  }
  return {
    rows,
    day,
    substance: indexed('substance'),
    route: indexed('route'),
    source: indexed('source'),
    evidence: indexed('evidence'),
    kg: numbers('mass_mg', 1e6),
    records: numbers('incidents', 1),
    names,
    first: rows ? first : 0,
    weeks: rows ? Math.round((last - first) / 7) + 1 : 0,
  };
}

function equal(held: Uint8Array, all: Uint8Array, from: number, to: number): boolean {
  if (held.length !== to - from) return false;
  for (let k = 0; k < held.length; k++) if (held[k] !== all[from + k]) return false;
  return true;
}

export interface Choice {
  evidence: string;
  // Sources that are left out.
  without: Set<string>;
  market: string;
  records: boolean;
}

// Which rows a choice takes.
export function taken(of: Facts, choice: Choice): Uint8Array {
  const source = of.names.source.map((name) => !choice.without.has(name));
  const evidence = of.names.evidence.map((name) => name === choice.evidence);
  const route = of.names.route.map((name) => choice.market === '' || name.endsWith(choice.market));
  const found = new Uint8Array(of.rows);
  for (let at = 0; at < of.rows; at++) if (source[of.source[at]] && evidence[of.evidence[at]] && route[of.route[at]]) found[at] = 1;
  return found;
}

// Weekly sums of each substance.
export function bySubstance(of: Facts, rows: Uint8Array, records: boolean): number[][] {
  const values = records ? of.records : of.kg;
  const found = of.names.substance.map(() => new Array<number>(of.weeks).fill(0));
  for (let at = 0; at < of.rows; at++) if (rows[at]) found[of.substance[at]][(of.day[at] - of.first) / 7] += values[at];
  return found;
}

export interface Span {
  from: string;
  to: string;
}

// Sums of a span, of the chosen substances, by route.
export function byRoute(of: Facts, rows: Uint8Array, records: boolean, substances: Set<string>, span: Span): Map<string, number> {
  const values = records ? of.records : of.kg;
  const chosen = of.names.substance.map((name) => substances.has(name));
  const [from, to] = [dayNumber(span.from), dayNumber(span.to)];
  const sums = new Float64Array(of.names.route.length);
  for (let at = 0; at < of.rows; at++) {
    if (rows[at] && chosen[of.substance[at]] && of.day[at] >= from && of.day[at] <= to) sums[of.route[at]] += values[at];
  }
  return new Map(of.names.route.map((name, at): [string, number] => [name, sums[at]]).filter(([, sum]) => sum > 0));
}

// How many rows of each evidence, and what each source sent of one.
export function counts(of: Facts, evidence: string): { evidence: Map<string, number>; source: Map<string, number> } {
  const wanted = of.names.evidence.indexOf(evidence);
  const kinds = new Float64Array(of.names.evidence.length);
  const sources = new Float64Array(of.names.source.length);
  // A source that reported without records is one of them too.
  const heard = new Uint8Array(sources.length);
  for (let at = 0; at < of.rows; at++) {
    kinds[of.evidence[at]] += of.records[at];
    if (of.evidence[at] !== wanted) continue;
    sources[of.source[at]] += of.records[at];
    heard[of.source[at]] = 1;
  }
  return {
    evidence: new Map(of.names.evidence.map((name, at): [string, number] => [name, kinds[at]])),
    source: new Map(of.names.source.map((name, at): [string, number] => [name, sources[at]]).filter((_, at) => heard[at])),
  };
}
