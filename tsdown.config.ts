/**
 * The build: one ES module per source file, with its type declarations. Nothing is bundled, so that the worker thread
 * (`new URL('./worker.js', import.meta.url)`) and the default model (`../../models/default`) are found by the same
 * relative addresses from src/ and from dist/.
 */
import { existsSync } from 'node:fs';
import { defineConfig } from 'tsdown';

/** What is loaded by address: the library, the two programs and the workers; all else follows by import. */
const entries = [
  'src/index.ts',
  'src/cli/main.ts',
  'src/cli/demo/main.ts',
  'src/train/worker.ts',
  'src/curate/build/worker.ts',
];

export default defineConfig({
  entry: entries.filter((entry) => existsSync(entry)),
  format: 'esm',
  platform: 'node',
  target: 'node20',
  unbundle: true,
  root: 'src',
  /** Python that is shipped as it is. */
  copy: [{ from: 'src/export/torch/*.py', to: 'dist/export/torch' }],
  outDir: 'dist',
  clean: true,
  dts: true,
  sourcemap: true,
  outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
  report: false,
});
