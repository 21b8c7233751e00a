// The colours of the token file: what is read, what is an edge, what is filled, and what falls beside what rises in eyes
// that see fewer colours.
import { readFileSync } from 'node:fs';
import { expect } from './harness.mjs';

const linear = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
const contrast = (a, b) => {
  const [x, y] = [a, b].map((hex) => luminance(linear(hex)) + 0.05);
  return Math.max(x, y) / Math.min(x, y);
};

// Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
const SEEN = {
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const times = (rows, colour) => rows.map((row) => Math.min(1, Math.max(0, row.reduce((sum, part, at) => sum + part * colour[at], 0))));

// CIE L*a*b* of linear light, D65.
function lab([r, g, b]) {
  const xyz = [0.4124 * r + 0.3576 * g + 0.1805 * b, 0.2126 * r + 0.7152 * g + 0.0722 * b, 0.0193 * r + 0.1192 * g + 0.9505 * b];
  const [x, y, z] = [xyz[0] / 0.9505, xyz[1], xyz[2] / 1.089].map((t) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 * t + 16) / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
const apart = (a, b) => Math.hypot(...lab(a).map((part, at) => part - lab(b)[at]));
// Two fills that lie side by side are told apart at a glance from about here on.
const APART = 30;

export function tokens() {
  const css = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8');
  const themes = css.split('}').slice(0, 2).map((block) => Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex])));
  for (const [at, own] of themes.entries()) {
    const theme = ['light', 'dark'][at];
    const least = (wanted, pairs, words) => {
      const found = pairs.flatMap(([over, grounds]) => grounds.map((ground) => [`${over} on ${ground}`, contrast(own[over], own[ground])]));
      const weak = found.filter(([, ratio]) => !(ratio >= wanted)).map(([pair, ratio]) => `${pair} ${ratio.toFixed(2)}`);
      expect(found.length > 0 && weak.length === 0, `tokens ${theme}: ${words} ${wanted}:1 ${weak.join(', ')}`);
    };
    const grounds = ['bg', 'surface', 'sunk', 'sel'];
    least(4.5, [['ink', grounds], ['ink2', grounds], ['ink3', ['bg', 'surface', 'sel']], ['link', ['bg', 'surface', 'sel']], ['fall-text', ['surface', 'sel']], ['rise-text', ['surface', 'sel']], ['note-ink', ['note-bg']], ['on-link', ['link']]], 'text');
    least(3, [['edge', ['surface', 'bg']], ['link', grounds]], 'edges and the focus ring');
    least(3, ['fall', 'rise', 'context1', 'id1', 'id2', 'id3', 'id4', 'id5'].map((name) => [name, ['surface']]), 'fills');
    const [fall, rise] = [linear(own.fall), linear(own.rise)];
    for (const [name, matrix] of Object.entries(SEEN)) {
      const distance = apart(times(matrix, fall), times(matrix, rise));
      expect(distance >= APART, `tokens ${theme}: falls and rises are ${distance.toFixed(0)} apart with ${name}, at least ${APART}`);
    }
  }
}
