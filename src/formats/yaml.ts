/** YAML 1.2 texts as plain data; aliases are bounded, tags of programs mean nothing. Refused (`input`): what is no YAML, and more than 1 MB. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from 'yaml';
import { BiomedParseError, errorLine } from '../util/errors.ts';

const MAX_CHARACTERS = 1_000_000;
const MAX_DEPTH = 32;

function checkLength(text: string, label: string): void {
  if (text.length > MAX_CHARACTERS) {
    throw new BiomedParseError('input', `${label} has ${text.length} characters, at most ${MAX_CHARACTERS} are read`);
  }
}

/** The value that a text describes; `label` names it in errors. */
export function parseYaml(text: string, label: string): unknown {
  checkLength(text, label);
  try {
    return parse(text, { maxAliasCount: 100, logLevel: 'error', uniqueKeys: true });
  } catch (error) {
    throw new BiomedParseError('input', `${label} is not valid YAML: ${errorLine(error)}`, { file: label }, error);
  }
}

/** Where something stands in a text, from 1. */
export interface YamlPlace {
  readonly line: number;
  readonly column: number;
}

/** A value with its place. A scalar keeps its text as written, so that `007` is still three letters. */
export type YamlNode = YamlPlace &
  (
    | { readonly kind: 'map'; readonly entries: readonly YamlEntry[] }
    | { readonly kind: 'list'; readonly items: readonly YamlNode[] }
    | { readonly kind: 'scalar'; readonly value: unknown; readonly text: string }
  );

/** A key, as written, with its value. */
export interface YamlEntry extends YamlPlace {
  readonly key: string;
  readonly value: YamlNode;
}

/** A text as a tree of values with their lines. Refused (`input`, with the line) besides: aliases, and keys that are no scalars. */
export function parseYamlTree(text: string, label: string): YamlNode {
  checkLength(text, label);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number): YamlPlace => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = (offset: number, reason: string): never => {
    const { line, column } = place(offset);
    throw new BiomedParseError('input', `${label}:${line}:${column}: ${reason}`, { file: label, line, column });
  };
  const [error] = document.errors;
  if (error !== undefined) refuse(error.pos[0], `not valid YAML: ${errorLine(error)}`);

  const textOf = (source: string | undefined, value: unknown): string => source ?? (value === null ? '' : `${value}`);
  const convert = (node: Node | null, from: number, depth: number): YamlNode => {
    const start = node?.range?.[0] ?? from;
    const at = place(start);
    if (depth > MAX_DEPTH) refuse(start, `nested more than ${MAX_DEPTH} deep`);
    if (isAlias(node)) return refuse(start, 'aliases (*name) are not allowed here');
    if (isMap(node)) {
      const entries = node.items.map((pair): YamlEntry => {
        const key = pair.key as Node;
        const offset = key?.range?.[0] ?? start;
        if (!isScalar(key)) return refuse(offset, 'a key must be a plain value');
        return {
          ...place(offset),
          key: typeof key.value === 'string' ? key.value : textOf(key.source, key.value),
          value: convert(pair.value as Node | null, key.range?.[1] ?? offset, depth + 1),
        };
      });
      return { ...at, kind: 'map', entries };
    }
    if (isSeq(node)) {
      return { ...at, kind: 'list', items: node.items.map((item) => convert(item as Node, start, depth + 1)) };
    }
    const value = isScalar(node) ? node.value : null;
    const source = isScalar(node) ? node.source : undefined;
    return { ...at, kind: 'scalar', value, text: typeof value === 'string' ? value : textOf(source, value) };
  };
  return convert(document.contents, 0, 0);
}
