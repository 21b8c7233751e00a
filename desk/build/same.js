// Whether two builds are the same. Compressed forms are compared by what they hold: compressors of other versions write
// other bytes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const [, , one, other] = process.argv;
const list = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
  .sort();

function content(folder, name) {
  const bytes = readFileSync(join(folder, name));
  if (name.endsWith('.gz')) return gunzipSync(bytes);
  return name.endsWith('.br') ? brotliDecompressSync(bytes) : bytes;
}

const [names, others] = [list(one), list(other)];
const differ = names.join() === others.join() ? names.filter((name) => !content(one, name).equals(content(other, name))) : [...names, '|', ...others];
for (const name of names.filter((name) => /\.(gz|br)$/.test(name))) {
  if (!content(other, name).equals(readFileSync(join(other, name.replace(/\.(gz|br)$/, ''))))) differ.push(`${name} holds another file`);
}
if (differ.length > 0) {
  console.error(`what is committed is not what the sources build (scripts/desk build):\n${differ.join('\n')}`);
  process.exit(1);
}
