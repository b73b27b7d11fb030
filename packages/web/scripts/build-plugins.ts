import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { firstLoadFiles, type Manifest } from './first-load.ts';

const WORTH_COMPRESSING = /\.(js|css|svg|html|json)$/;
const LEAST_BYTES = 1024;
/** Of ten; beyond this brotli takes seconds for a few per cent. */
const BROTLI_QUALITY = 9;

/** Writes a .gz and a .br beside every text file, which the server sends as they are. */
export function precompress(): Plugin {
  return {
    name: 'pitot-precompress',
    apply: 'build',
    writeBundle({ dir }) {
      if (dir === undefined) throw new Error('the build has no output directory');
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!WORTH_COMPRESSING.test(name)) continue;
        const path = join(dir, name);
        const content = readFileSync(path);
        if (content.length < LEAST_BYTES) continue;
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }));
      }
    },
  };
}

/** Fails the build when the JavaScript before the first lazy page is larger than the budget, gzipped. */
export function firstLoadBudget(mostBytes: number): Plugin {
  return {
    name: 'pitot-first-load-budget',
    apply: 'build',
    writeBundle({ dir }) {
      if (dir === undefined) throw new Error('the build has no output directory');
      const manifest = JSON.parse(readFileSync(join(dir, '.vite/manifest.json'), 'utf8')) as Manifest;
      const sizes = firstLoadFiles(manifest).map((file) => ({ file, bytes: gzipSync(readFileSync(join(dir, file))).length }));
      const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0);
      const kilobytes = (bytes / 1000).toFixed(0);
      if (bytes > mostBytes) {
        const list = sizes.map((size) => `  ${size.file} ${size.bytes}`).join('\n');
        throw new Error(`the first load is ${kilobytes} kB of gzipped JavaScript, more than ${mostBytes / 1000} kB:\n${list}`);
      }
      this.info(`first load: ${kilobytes} kB of gzipped JavaScript in ${sizes.length} files`);
    },
  };
}
