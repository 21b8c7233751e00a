// Every language has every string, with the same places for values; none claims more than the data can, and numbers are
// held together by the narrow space.
import { readFileSync, readdirSync } from 'node:fs';

const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort().join(' ');

// What names a cause, calls a shift a decision, or a substance new.
const OVERCLAIMS = {
  en: /\b(switch(ed|es|ing)?|because|due to|prov(e[sdn]?|ing)|cartels?|new drugs?)\b/i,
  es: /\b(porque|debido a|a causa de|(de)?m(o|ue)str(ó|an?|aron) que|prueban? que|c[aá]rtel(es)?|nuevas? drogas?|(cambi|pas)(ó|aron) a)(?![a-zñ])/i,
  zh: /因为|由于|证明|卡特尔|贩毒集团|新型?毒品|新型?药物|转而|改用|转向/,
};
export const overclaims = (lang, text) => text.match(OVERCLAIMS[lang])?.[0];

export function problems(folder) {
  const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  const english = read('en.json');
  const found = [];
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const own = read(name);
    for (const [key, text] of Object.entries(own)) {
      const word = overclaims(name.slice(0, 2), String(text));
      if (word) found.push(`${name}: ${key} claims too much, "${word}"`);
      if (/\d (%|\d{3}(?!\d))/.test(text)) found.push(`${name}: ${key} has a number with a wide space`);
    }
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
