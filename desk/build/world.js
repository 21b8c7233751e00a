// The countries that a map draws, from Natural Earth 1:50m: as few points as a map of this size can show, with the two
// letters of each country as its id.
import { createRequire } from 'node:module';
import { countries } from './iso3166.js';

// Degrees between points that are kept: half a pixel where a map shows half the world on 400 pixels.
const STEP_DEGREES = 0.18;

// Points of a delta-coded line that lie further apart than the step, its ends always.
function thinned(arc, scale) {
  const kept = [];
  let [x, y] = [0, 0];
  let [lastX, lastY] = [0, 0];
  let [sumX, sumY] = [0, 0];
  arc.forEach(([dx, dy], at) => {
    x += dx;
    y += dy;
    const far = Math.hypot((x - lastX) * scale[0], (y - lastY) * scale[1]) >= STEP_DEGREES;
    if (at === 0 || at === arc.length - 1 || far) {
      kept.push([x - sumX, y - sumY]);
      [sumX, sumY] = [x, y];
      [lastX, lastY] = [x, y];
    }
  });
  return kept;
}

export function world() {
  const atlas = createRequire(import.meta.url)('world-atlas/countries-50m.json');
  const geometries = atlas.objects.countries.geometries.map(({ type, arcs, id }) => {
    const letters = countries.get(id);
    return letters ? { type, arcs, id: letters } : { type, arcs };
  });
  return JSON.stringify({
    type: 'Topology',
    transform: atlas.transform,
    objects: { countries: { type: 'GeometryCollection', geometries } },
    arcs: atlas.arcs.map((arc) => thinned(arc, atlas.transform.scale)),
  });
}
