// Every language has every string, with the same places for values.
import { readFileSync, readdirSync } from 'node:fs';

const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort().join(' ');

export function problems(folder) {
  const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  const english = read('en.json');
  const found = [];
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'en.json')) {
    const own = read(name);
    for (const [key, text] of Object.entries(english)) {
      if (typeof own[key] !== 'string' || own[key] === '') found.push(`${name}: ${key} is missing`);
      else if (places(own[key]) !== places(text)) {
        found.push(`${name}: ${key} has the values {${places(own[key])}} where English has {${places(text)}}`);
      }
    }
    for (const key of Object.keys(own)) if (!(key in english)) found.push(`${name}: ${key} is in no other language`);
  }
  return found;
}
