import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { notices, packageOf } from './notices.js';
import { problems } from './strings.js';
import { world } from './world.js';

// What is in the built files though no module of theirs says so: the shapes of the map, and the loader of later pages.
const UNNAMED = ['world-atlas', 'vite'];

// A missing string ends the build.
export function strings() {
  return {
    name: 'desk-strings',
    buildStart() {
      const found = problems(new URL('../src/strings/', import.meta.url));
      if (found.length > 0) this.error(found.join('\n'));
    },
  };
}

// `virtual:world` is the address of the map's shapes.
export function atlas() {
  const id = '\0virtual:world';
  return {
    name: 'desk-atlas',
    resolveId: (name) => (name === 'virtual:world' ? id : null),
    load(name) {
      if (name !== id) return null;
      const file = this.emitFile({ type: 'asset', name: 'world.json', source: world() });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}

// `virtual:licenses` is the address of the notices of all packages whose files the build read.
export function licenses() {
  const id = '\0virtual:licenses';
  let file = '';
  return {
    name: 'desk-licenses',
    resolveId: (name) => (name === 'virtual:licenses' ? id : null),
    load(name) {
      if (name !== id) return null;
      file = this.emitFile({ type: 'asset', name: 'licenses.txt' });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
    buildEnd(error) {
      if (error) return;
      const folders = new Set([...this.getModuleIds()].map(packageOf).filter(Boolean));
      this.setAssetSource(file, notices([...folders, ...UNNAMED]));
    },
  };
}

// Beside every built file its compressed forms.
export function compressed() {
  let folder = '';
  return {
    name: 'desk-compressed',
    configResolved: (config) => void (folder = config.build.outDir),
    closeBundle() {
      const files = [join(folder, 'index.html')];
      for (const name of readdirSync(join(folder, 'assets'))) files.push(join(folder, 'assets', name));
      for (const file of files) {
        const bytes = readFileSync(file);
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
      }
    },
  };
}
