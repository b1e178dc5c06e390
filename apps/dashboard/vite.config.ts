import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  base: '/admin/',
  plugins: [react(), compressAssets()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The policy of the page lets nothing inline run, nor load from a data: URL but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
    // hls.js, which is loaded when somebody plays a stream.
    chunkSizeWarningLimit: 700,
    // Compressing takes the longest, and may.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});

/** Once here, rather than for each who asks: the API sends what the browser takes. */
function compressAssets(): Plugin {
  return {
    name: 'compress-assets',
    apply: 'build',
    async writeBundle({ dir = '' }) {
      const assets = join(dir, 'assets');
      const names = (await readdir(assets)).filter((name) => /\.(js|css|svg)$/.test(name));
      for (const path of names.map((name) => join(assets, name))) {
        const content = await readFile(path);
        await writeFile(`${path}.br`, brotliCompressSync(content));
        await writeFile(`${path}.gz`, gzipSync(content));
      }
    },
  };
}
