import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { atlas, compressed, licenses, strings } from './build/plugins.js';

const outDir = process.env.DESK_OUT || fileURLToPath(new URL('../crates/serve/desk', import.meta.url));
const cssHash = ({ css }) => `d${createHash('sha256').update(css).digest('hex').slice(0, 8)}`;

export default defineConfig({
  plugins: [strings(), atlas(), licenses(), svelte({ compilerOptions: { cssHash } }), compressed()],
  build: { outDir, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, minify: 'terser', terserOptions: { compress: { ecma: 2020, keep_fargs: false, passes: 4, inline: 1 } } },
  preview: { port: 5175, strictPort: true, proxy: { '/api': 'http://127.0.0.1:8080' } },
});
