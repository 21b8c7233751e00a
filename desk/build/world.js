// The countries that a map draws, from Natural Earth 1:50m: as few points as a map of this size can show, with the two
// letters of each country as its id.
import { createRequire } from 'node:module';
import { geoArea, geoCentroid } from 'd3-geo';
import { feature } from 'topojson-client';
import { countries } from './iso3166.js';

// Degrees between points that are kept: half a pixel where a map shows half the world on 400 pixels.
const STEP_DEGREES = 0.18;
// Steradians: some 40 square kilometres.
const LEAST_AREA = 1e-6;

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

// Of its largest part: islands far away do not draw the centre out to sea.
function centre({ geometry: { type, coordinates } }) {
  const parts = (type === 'Polygon' ? [coordinates] : coordinates).map((coordinates) => ({ type: 'Polygon', coordinates }));
  const largest = parts.reduce((a, b) => (geoArea(b) > geoArea(a) ? b : a));
  return geoCentroid(largest).map((degrees) => Number(degrees.toFixed(2)));
}

// Parts that are still there when their points are thinned. An island of which a line is left, or whose ring turned
// around, would be drawn as everything but itself.
function whole(topology, { type, arcs, id }) {
  const parts = (type === 'Polygon' ? [arcs] : arcs).filter((arcs) => {
    const area = geoArea(feature(topology, { type: 'Polygon', arcs }));
    return area > LEAST_AREA && area < 2 * Math.PI;
  });
  return { type: 'MultiPolygon', arcs: parts, id };
}

// With the centre of each country beside the shapes, so that no page works it out.
export function world() {
  const atlas = createRequire(import.meta.url)('world-atlas/countries-50m.json');
  const geometries = atlas.objects.countries.geometries.map((one) => ({ ...one, id: countries.get(one.id) }));
  const arcs = atlas.arcs.map((arc) => thinned(arc, atlas.transform.scale));
  const topology = { type: 'Topology', transform: atlas.transform, arcs };
  const { features } = feature(atlas, { type: 'GeometryCollection', geometries });
  // Islands that have their country's letters come before it.
  const bySize = features.filter(({ id }) => id).sort((a, b) => geoArea(a) - geoArea(b));
  const centres = Object.fromEntries(bySize.map((country) => [country.id, centre(country)]));
  const shapes = { type: 'GeometryCollection', geometries: geometries.map((one) => whole(topology, one)) };
  return JSON.stringify({ ...topology, objects: { countries: shapes }, centres });
}
