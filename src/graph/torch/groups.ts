/**
 * What belongs together. Parameters are named by a tree (`backbone.layers.0.blocks.1.norm1.weight`); the longest branch that
 * ends in a number and holds at least four parameters is a repeated part, written as a function of its own. A node
 * belongs to the last part, in the order of computation, that any of its values come from: then a part needs only
 * what parts before it have made.
 */
import { addTo } from '../../util/groups.ts';
import { nameOf, type Tensor } from '../tensor.ts';
import type { Node } from './align.ts';

const LEAST_PARAMETERS = 4;

/** The branch of a parameter's name that is a repeated part, or undefined. */
function createPartFinder(names: readonly string[]): (name: string) => string | undefined {
  const counts = new Map<string, number>();
  const branches = (name: string): string[] => {
    const words = name.split('.');
    return words.flatMap((word, i) => (/^\d+$/.test(word) ? [words.slice(0, i + 1).join('.')] : []));
  };
  for (const name of names) for (const branch of branches(name)) counts.set(branch, (counts.get(branch) ?? 0) + 1);
  return (name) => branches(name).findLast((branch) => (counts.get(branch) as number) >= LEAST_PARAMETERS);
}

/** Nodes that are computed together; `path` is the branch of a repeated part, undefined for what lies between parts. */
export interface Group {
  readonly path: string | undefined;
  readonly nodes: readonly Node[];
}

/** Leaves are written where they are used. */
export function isLeaf(node: Node): boolean {
  return ['input', 'parameter', 'constant'].includes(node.op);
}

/**
 * Moves values that only one later group reads there, as long as that group need not be given more in return: `x + position` at
 * the end of a part belongs to the next one. What reads a parameter of its own part stays.
 */
function sinkInto(nodes: readonly Node[], outputs: ReadonlySet<Node>, groupOf: Map<Node, number>): void {
  const readers = new Map<Node, Node[]>();
  for (const node of nodes) for (const x of node.inputs) addTo(readers, x, node);
  for (const node of [...nodes].reverse()) {
    if (isLeaf(node) || outputs.has(node) || node.inputs.some(({ op }) => op === 'parameter')) continue;
    const targets = new Set(readers.get(node)?.map((reader) => groupOf.get(reader)));
    const [target] = targets;
    if (targets.size !== 1 || target === undefined || target === groupOf.get(node)) continue;
    const missing = new Set(
      node.inputs.filter(
        (x) =>
          (x.op === 'input' || !isLeaf(x)) && !readers.get(x)?.some((r) => r !== node && groupOf.get(r) === target),
      ),
    );
    if (missing.size <= 1) groupOf.set(node, target);
  }
}

/** The nodes that are no leaves, in groups that can be computed one after another. `names` are all parameters of the network. */
export function groupNodes(nodes: readonly Node[], outputs: readonly Node[], names: readonly string[]): Group[] {
  const partOf = createPartFinder(names);
  const ranks = new Map<string, number>();
  const paths: (string | undefined)[] = [undefined];
  const rankOf = new Map<Node, number>();
  for (const node of nodes) {
    if (node.op === 'parameter') {
      const name = nameOf(node.copies[0] as Tensor);
      const path = partOf(name);
      const key = path ?? `:${name}`;
      if (!ranks.has(key)) {
        ranks.set(key, paths.length);
        paths.push(path);
      }
      rankOf.set(node, ranks.get(key) as number);
    } else rankOf.set(node, Math.max(0, ...node.inputs.map((x) => rankOf.get(x) as number)));
  }
  sinkInto(nodes, new Set(outputs), rankOf);
  const groups: { path: string | undefined; nodes: Node[] }[] = [];
  for (const [rank, path] of paths.entries()) {
    const own = nodes.filter((node) => !isLeaf(node) && rankOf.get(node) === rank);
    const last = groups[groups.length - 1];
    if (own.length === 0) continue;
    if (path === undefined && last !== undefined && last.path === undefined) last.nodes.push(...own);
    else groups.push({ path, nodes: own });
  }
  return groups;
}
