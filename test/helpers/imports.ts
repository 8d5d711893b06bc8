/**
 * The rules of the house, as a pure check over source files: rooms in one-way order, no cycles between files, and one
 * door per heavy dependency. Imports are read by TypeScript's own parser, so comments and strings cannot fool it.
 *
 * Type-only imports are erased when the code runs: they may point backwards, and are no part of a cycle.
 */
import { posix } from 'node:path';
import ts from 'typescript';

/** Rooms in the order of the data's way: a room imports from itself and from rooms to its left. */
export const ROOMS = [
  'util',
  'ontology',
  'image',
  'formats',
  'dicomweb',
  'graph',
  'model',
  'runtime',
  'parse',
  'dataset',
  'curate',
  'train',
  'evaluate',
  'export',
  'server',
  'cli',
  'web',
] as const;

/** The only room that may import a package. */
export const DOORS: Readonly<Record<string, (typeof ROOMS)[number]>> = {
  'onnxruntime-node': 'runtime',
  sharp: 'formats',
  yauzl: 'formats',
  yaml: 'formats',
  'modern-tar': 'formats',
  'hyparquet-writer': 'formats',
  'csv-parse': 'formats',
  'fast-xml-parser': 'formats',
  h5wasm: 'formats',
  '@cornerstonejs/codec-charls': 'formats',
  '@cornerstonejs/codec-openjpeg': 'formats',
  '@cornerstonejs/codec-openjph': 'formats',
  commander: 'cli',
  'cli-progress': 'cli',
  'onnx-buf': 'graph',
  '@bufbuild/protobuf': 'graph',
  '@huggingface/tokenizers': 'model',
};

/** One import, export-from or dynamic import. */
export interface ImportEdge {
  readonly specifier: string;
  /** True if nothing of it is left when the code runs. */
  readonly typeOnly: boolean;
}

/** Every module that a source file names, static or dynamic. */
export function readImports(fileName: string, text: string): ImportEdge[] {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const edges: ImportEdge[] = [];
  const add = (specifier: ts.Expression | undefined, typeOnly: boolean): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      edges.push({ specifier: specifier.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isCallExpression(node)) {
      const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword || isRequire) add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return edges;
}

/** The package that a bare specifier names: `sharp` of `sharp/lib`, `@scope/name` of `@scope/name/part`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The room of a file `src/<room>/...`; null for files directly under src. */
function roomOf(path: string): string | null {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1] : null;
}

/**
 * What breaks the rules, one sentence each; empty if the house is in order.
 * @param files source text by path relative to the repository, with forward slashes: `src/image/types.ts`
 */
export function checkArchitecture(files: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const order = new Map<string, number>(ROOMS.map((room, index) => [room, index]));
  const runtimeEdges = new Map<string, string[]>();

  for (const [path, text] of files) {
    const room = roomOf(path);
    if (room !== null && !order.has(room))
      problems.push(`${path}: ${room} is not one of the rooms ${ROOMS.join(', ')}`);
    const targets: string[] = [];
    for (const { specifier, typeOnly } of readImports(path, text)) {
      if (specifier.startsWith('node:')) continue;
      if (!specifier.startsWith('.')) {
        const name = packageOf(specifier);
        const door = DOORS[name];
        if (door !== undefined && door !== room) problems.push(`${path}: only ${door} may import ${name}`);
        continue;
      }
      const target = posix.normalize(posix.join(posix.dirname(path), specifier));
      if (!files.has(target)) {
        problems.push(`${path}: imports ${specifier}, which is no source file`);
        continue;
      }
      if (typeOnly) continue;
      targets.push(target);
      const targetRoom = roomOf(target);
      if (room === null) continue;
      if (targetRoom === null) problems.push(`${path}: imports ${target}, which stands above all rooms`);
      else if ((order.get(targetRoom) ?? 0) > (order.get(room) ?? 0)) {
        problems.push(`${path}: ${room} imports backwards from ${targetRoom} (${target})`);
      }
    }
    runtimeEdges.set(path, targets);
  }
  return [...problems, ...findCycles(runtimeEdges).map((cycle) => `cycle: ${cycle.join(' -> ')}`)];
}

/** Closed ways through the edges, each once, starting and ending with the same file (depth-first search). */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const finished = new Set<string>();
  const way: string[] = [];
  const visit = (node: string): void => {
    const start = way.indexOf(node);
    if (start >= 0) {
      cycles.push([...way.slice(start), node]);
      return;
    }
    if (finished.has(node)) return;
    way.push(node);
    for (const next of edges.get(node) ?? []) visit(next);
    way.pop();
    finished.add(node);
  };
  for (const node of edges.keys()) visit(node);
  return cycles;
}
