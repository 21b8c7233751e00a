// Corridors on Equal Earth: where they lie, how wide they are, where their names stand.
import { geoEqualEarth, geoPath, type GeoProjection } from 'd3-geo';
import { feature } from 'topojson-client';
import address from 'virtual:world';
import { textWidth } from './scale';

export interface Country {
  id?: string;
}
export interface World {
  countries: Country[];
  centres: Map<string, [number, number]>;
}

let held: Promise<World> | null = null;

async function read(): Promise<World> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(response.statusText);
  const topology = await response.json();
  const { features } = feature(topology, topology.objects.countries) as unknown as { features: Country[] };
  return { countries: features, centres: new Map(Object.entries(topology.centres)) };
}

export function world(): Promise<World> {
  held ??= read();
  held.catch(() => (held = null));
  return held;
}

// Middles of a map: Atlantic, Indian Ocean, Pacific.
const MIDDLES = [11, 70, 150];
// The narrowest crop, in degrees at the equator: nearer, shapes of 1:50m are coarse.
const NARROWEST = 64;
const MARGIN = 0.16;

export interface Leg {
  from: string;
  to: string;
  mass: number;
}

const turned = (lon: number, middle: number) => ((lon - middle + 540) % 360) - 180;

export function projection(world: World, legs: Leg[], width: number, height: number): GeoProjection {
  const at = (id: string) => world.centres.get(id);
  const cut = (middle: number) =>
    legs.reduce((sum, { from, to, mass }) => {
      const [a, b] = [at(from), at(to)];
      return a && b && Math.abs(turned(a[0], middle) - turned(b[0], middle)) > 180 ? sum + mass : sum;
    }, 0);
  const ends = [...new Set(legs.flatMap(({ from, to }) => [from, to]))].flatMap((id) => at(id) ?? []).length;
  const middle = MIDDLES.reduce((a, b) => (cut(b) < cut(a) ? b : a));
  const found = geoEqualEarth().rotate([-middle, 0]).scale(1).translate([0, 0]);
  const points = [...new Set(legs.flatMap(({ from, to }) => [from, to]))].flatMap((id) => (at(id) ? [found(at(id)!)!] : []));
  if (ends === 0 || points.length === 0) return found.scale(width / 5.6).translate([width / 2, height / 2]);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  let [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const least = (NARROWEST / 180) * Math.PI;
  const wide = Math.max((x1 - x0) * (1 + 2 * MARGIN), least, ((y1 - y0) * (1 + 2.6 * MARGIN) * width) / height);
  const scale = Math.min(width / wide, width / 1.1);
  const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2 - 0.04 * (height / scale)];
  return found.scale(scale).translate([width / 2 - mx * scale, height / 2 - my * scale]).clipExtent([[-40, -40], [width + 40, height + 40]]);
}

export function shapes(world: World, projection: GeoProjection, ends: Set<string>): { land: string; ends: string } {
  const path = geoPath(projection).digits(1);
  const of = (countries: Country[]) => countries.map((country) => path(country as never) ?? '').join('');
  return {
    land: of(world.countries.filter(({ id }) => !id || !ends.has(id))),
    ends: of(world.countries.filter(({ id }) => id !== undefined && ends.has(id))),
  };
}

export interface Curve {
  d: string;
  // Points along it, from its start on.
  along: [number, number][];
  end: [number, number];
  angle: number;
}

const STEPS = 40;
const ALONG = Array.from({ length: STEPS + 1 }, (_, at) => at / STEPS);

// A bow from one point to another, bent upward so that both ways of a pair are told apart.
export function curve(a: [number, number], b: [number, number], bend: number, short: number): Curve {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dx, dy) || 1;
  const up = dx >= 0 ? -1 : 1;
  const control: [number, number] = [(a[0] + b[0]) / 2 - (dy / length) * length * bend * up, (a[1] + b[1]) / 2 + (dx / length) * length * bend * up];
  const angle = Math.atan2(b[1] - control[1], b[0] - control[0]);
  const end: [number, number] = [b[0] - Math.cos(angle) * short, b[1] - Math.sin(angle) * short];
  const along = ALONG.map((s): [number, number] => [0, 1].map((k) => (1 - s) ** 2 * a[k] + 2 * s * (1 - s) * control[k] + s ** 2 * b[k]) as [number, number]);
  const f = (value: number) => value.toFixed(1);
  return { d: `M${f(a[0])} ${f(a[1])}Q${f(control[0])} ${f(control[1])} ${f(end[0])} ${f(end[1])}`, along, end, angle };
}

export interface Label {
  x: number;
  y: number;
  text: string;
  anchor: 'start' | 'end' | 'middle';
  // A line to its point, where it stands away from it.
  leader?: string;
}

const touches = (a: Box, b: Box) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];
const inside = (own: Box, width: number, height: number) => own[0] >= 2 && own[2] <= width - 2 && own[1] >= 2 && own[3] <= height - 2;

// Values above their lines, or below: at the first place along one where it lies on no other and on no place. One that
// fits nowhere is left out: the table names it.
export function values<Line extends { along: [number, number][]; wide: number; text?: string; look: string }>(lines: Line[], places: [number, number][], width: number, height: number): (Label & { look: string })[] {
  const taken = places.map(dot);
  return lines.flatMap(({ along, wide, text = '', look }) => {
    const spots = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8].flatMap((part): Label[] => {
      const [x, y] = along[part * STEPS];
      return [{ x, y: y - wide / 2 - 5, text, anchor: 'middle' }, { x, y: y + wide / 2 + 13, text, anchor: 'middle' }];
    });
    const fits = spots.find((spot) => inside(box(spot), width, height) && !taken.some((other) => touches(box(spot), other)));
    if (!fits) return [];
    taken.push(box(fits));
    return [{ ...fits, look }];
  });
}

// Names beside their points, those that come first before the others: right, left, above, below, then between them; on
// no other, on no place, not cut, and on no line where there is such a side. One that fits nowhere is left out.
export function labels(points: { at: [number, number]; text: string }[], taken: Label[], places: [number, number][], lines: [number, number][], width: number, height: number): Label[] {
  const boxes = [...taken.map(box), ...places.map(dot)];
  const along = lines.map(([x, y]): Box => [x - 3, y - 3, x + 3, y + 3]);
  const found: Label[] = [];
  for (const { at, text } of points) {
    const [x, y] = at;
    const sides = SIDES.map(([dx, dy, anchor]): Label => ({ x: x + dx, y: y + dy, text, anchor, leader: Math.abs(dy) > 20 ? `M${x} ${y}l${dx * 0.7} ${dy - 6}` : undefined }));
    const free = sides.filter((side) => inside(box(side), width, height) && !boxes.some((other) => touches(box(side), other)));
    const fits = free.find((side) => !along.some((other) => touches(box(side), other))) ?? free[0];
    if (!fits) continue;
    boxes.push(box(fits));
    found.push(fits);
  }
  return found;
}

const SIDES: [number, number, Label['anchor']][] = [[8, 4, 'start'], [-8, 4, 'end'], [0, -9, 'middle'], [0, 19, 'middle'], [8, 19, 'start'], [-8, 19, 'end'], [8, -10, 'start'], [-8, -10, 'end'], [12, 33, 'start'], [-12, -24, 'end']];
const dot = ([x, y]: [number, number]): Box => [x - 3, y - 3, x + 3, y + 3];

type Box = [number, number, number, number];

function box({ x, y, text, anchor }: Label): Box {
  const wide = textWidth(text) + 4;
  const left = anchor === 'start' ? x - 2 : anchor === 'end' ? x - wide : x - wide / 2;
  return [left, y - 12, left + wide, y + 4];
}
