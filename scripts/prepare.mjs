/**
 * What `npm run demo` and `npm test` do first on a fresh clone: install the packages and build `dist/`, each only when
 * it is missing or out of date. Plain JavaScript with no packages, because none is installed yet. Progress goes to stderr.
 *
 * `ONNXRUNTIME_NODE_INSTALL=skip` is set for the installation: onnxruntime-node's own install step fetches CUDA files
 * from outside the npm registry, which nothing here needs and which fails behind many proxies.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Oldest Node version that the package runs on (package.json, "engines"). */
const OLDEST_NODE = 20;

/** Runs a program in the package's root; its standard output goes to stderr. Ends this process when it fails. */
export function runOrExit(command, args, { env = process.env, shell = false } = {}) {
  const done = spawnSync(command, args, { cwd: root, env, shell, stdio: ['ignore', 2, 2] });
  if (done.error || done.status !== 0) {
    const reason = done.error?.message ?? (done.signal ? `ended by ${done.signal}` : `exit code ${done.status}`);
    console.error(`Failed: ${[command, ...args].join(' ')} (${reason})`);
    process.exit(1);
  }
}

/** Packages of package-lock.json that node_modules lacks or holds in another version; optional ones may be absent. */
export function missingPackages(lock, installed) {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.optional && !entry.devOptional && !entry.link)
    .filter(([path, entry]) => installed.packages[path]?.version !== entry.version)
    .map(([path]) => path);
}

/** True if `output` is missing or older than anything in `inputs` (files, or folders with all they hold). */
export function isOutdated(output, inputs) {
  if (!existsSync(output)) return true;
  const built = statSync(output).mtimeMs;
  const newer = (path) => {
    if (!existsSync(path)) return false;
    const status = statSync(path);
    if (status.mtimeMs > built) return true;
    return status.isDirectory() && readdirSync(path).some((name) => newer(join(path, name)));
  };
  return inputs.some(newer);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function isInstalled() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  return missingPackages(readJson(join(root, 'package-lock.json')), readJson(record)).length === 0;
}

function install() {
  console.error('Installing packages (npm ci) ...');
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: process.env.ONNXRUNTIME_NODE_INSTALL ?? 'skip' };
  // Under `npm run` the npm that is running is named by npm_execpath; on Windows `npm` itself is a batch file.
  const npm = process.env.npm_execpath;
  // The build tools are development packages: they are wanted under NODE_ENV=production too.
  const args = ['ci', '--include=dev'];
  if (npm?.endsWith('npm-cli.js')) runOrExit(process.execPath, [npm, ...args], { env });
  else runOrExit('npm', args, { env, shell: process.platform === 'win32' });
}

function build() {
  console.error('Building dist/ (tsdown) ...');
  runOrExit(process.execPath, [join(root, 'node_modules', 'tsdown', 'dist', 'run.mjs'), '--log-level', 'warn']);
}

/** Installs and builds what is missing. */
export function prepare() {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    console.error(`biomedparse needs Node.js ${OLDEST_NODE} or newer; this is ${process.version}`);
    process.exit(1);
  }
  if (!isInstalled()) install();
  const inputs = ['src', 'tsdown.config.ts', 'tsconfig.json'].map((name) => join(root, name));
  if (isOutdated(join(root, 'dist', 'index.js'), inputs)) build();
}
