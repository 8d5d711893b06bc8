/** `npm run demo`: installs and builds what a fresh clone lacks, then hands over to the demo proper, src/cli/demo/main.ts. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
// npm runs scripts in the package's root and says in INIT_CWD where the user stands: the user's own image is named from there.
const cwd = process.env.INIT_CWD ?? process.cwd();
const demo = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'demo', 'main.js'), ...process.argv.slice(2)], {
  cwd,
  stdio: 'inherit',
});
process.exit(demo.status ?? 1);
