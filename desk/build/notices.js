// The notices that come with what is in the built files: each package's own words.
import { readdirSync, readFileSync } from 'node:fs';

const PACKAGES = new URL('../node_modules/', import.meta.url);
const RULE = '='.repeat(80);

// The package that a module is of.
export const packageOf = (id) => id.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];

// What a package names itself, and its own file of terms. Of a tool only the first part is about itself.
function notice(name) {
  const folder = new URL(`${name}/`, PACKAGES);
  const { version, license } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  const file = readdirSync(folder).find((one) => /^licen[cs]e(\.|$)/i.test(one));
  if (!file) throw new Error(`${name} has no file of its terms`);
  const [own] = readFileSync(new URL(file, folder), 'utf8').split(/^# Licenses of bundled dependencies/m);
  return `${RULE}\n${name} ${version} (${license})\n${RULE}\n\n${own.trim()}\n`;
}

export function notices(names) {
  return `The desk holds parts of these packages.\n\n${[...new Set(names)].sort().map(notice).join('\n')}`;
}
