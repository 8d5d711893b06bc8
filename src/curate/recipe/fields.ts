/**
 * What a declarative file may hold, as small readers that are put together: each gives a value or refuses with file, line, column
 * and the name of the field, and each describes itself as JSON Schema, so that reader and published schema cannot differ.
 */
import type { YamlNode, YamlPlace } from '../../formats/yaml.ts';
import { BiomedParseError } from '../../util/errors.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The file and the names of the fields that lead to a value. */
export interface At {
  readonly file: string;
  readonly path: string;
}

/** Reads a value of one kind. */
export interface Reader<T> {
  read(node: YamlNode, at: At): T;
  readonly schema: JsonSchema;
}

/** A reader of a field, and whether it must be there. */
interface Field<T, R extends boolean> extends Reader<T> {
  readonly required: R;
}

/** Throws the `input` error of a value that is not allowed. */
export function refuseAt({ file, path }: At, { line, column }: YamlPlace, reason: string): never {
  const field = path === '' ? '' : `${path}: `;
  throw new BiomedParseError('input', `${file}:${line}:${column}: ${field}${reason}`, { file, line, column, path });
}

const inside = (at: At, key: string | number): At => ({
  file: at.file,
  path: typeof key === 'number' ? `${at.path}[${key}]` : at.path === '' ? key : `${at.path}.${key}`,
});

/** How a node is named in refusals. */
function describe(node: YamlNode): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a group of fields' : 'a list';
  return node.value === null ? 'nothing' : JSON.stringify(node.text);
}

/** A field that must be there. */
export const needed = <T>(reader: Reader<T>): Field<T, true> => ({ ...reader, required: true });
/** A field that may be left out. */
export const optional = <T>(reader: Reader<T>): Field<T, false> => ({ ...reader, required: false });

/** Text that is not empty; numbers are taken as they are written. `pattern` is what all of it must be, `allowed` says so in words. */
export function text(pattern?: RegExp, allowed = 'text'): Reader<string> {
  return {
    schema: { type: ['string', 'number'], ...(pattern === undefined ? {} : { pattern: pattern.source }) },
    read(node, at) {
      if (node.kind !== 'scalar' || node.value === null || node.text.trim() === '') {
        return refuseAt(at, node, `${allowed} is needed, not ${describe(node)}`);
      }
      if (pattern !== undefined && !pattern.test(node.text)) {
        return refuseAt(at, node, `${JSON.stringify(node.text)} is not allowed; allowed: ${allowed}`);
      }
      return node.text.trim();
    },
  };
}

/** A number within limits. */
export function number(least: number, most: number, whole = false): Reader<number> {
  const kind = whole ? 'whole number' : 'number';
  return {
    schema: { type: whole ? 'integer' : 'number', minimum: least, maximum: most },
    read(node, at) {
      const value = node.kind === 'scalar' ? node.value : null;
      if (typeof value !== 'number' || !(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
        return refuseAt(at, node, `${describe(node)} is not allowed; allowed: a ${kind} from ${least} to ${most}`);
      }
      return value;
    },
  };
}

/** True or false. */
export const flag: Reader<boolean> = {
  schema: { type: 'boolean' },
  read(node, at) {
    if (node.kind !== 'scalar' || typeof node.value !== 'boolean') {
      return refuseAt(at, node, `${describe(node)} is not allowed; allowed: true, false`);
    }
    return node.value;
  },
};

/** One of some words. */
export function word<const W extends string>(words: readonly W[]): Reader<W> {
  return {
    schema: { enum: words },
    read(node, at) {
      const found = node.kind === 'scalar' ? words.find((one) => one === node.text) : undefined;
      return found ?? refuseAt(at, node, `${describe(node)} is not allowed; allowed: ${words.join(', ')}`);
    },
  };
}

/** Nothing: the value `null`. */
const nothing: Reader<null> = {
  schema: { type: 'null' },
  read(node, at) {
    if (node.kind !== 'scalar' || node.value !== null) return refuseAt(at, node, `${describe(node)} is not null`);
    return null;
  },
};

/** A list of values, `least` to `most` of them. */
export function list<T>(of: Reader<T>, least = 0, most = 100_000): Reader<readonly T[]> {
  return {
    schema: { type: 'array', items: of.schema, minItems: least, maxItems: most },
    read(node, at) {
      if (node.kind !== 'list') return refuseAt(at, node, `a list is needed, not ${describe(node)}`);
      if (node.items.length < least || node.items.length > most) {
        const count = least === most ? `${least}` : most < 100_000 ? `${least} to ${most}` : `at least ${least}`;
        return refuseAt(at, node, `it has ${node.items.length} values; allowed: ${count}`);
      }
      return node.items.map((item, i) => of.read(item, inside(at, i)));
    },
  };
}

/** A value, or a list of them. */
export function oneOrMore<T>(of: Reader<T>): Reader<readonly T[]> {
  const many = list(of, 1);
  return {
    schema: { anyOf: [of.schema, many.schema] },
    read: (node, at) => (node.kind === 'list' ? many.read(node, at) : [of.read(node, at)]),
  };
}

/** Values by names of the writer's own choice. */
export function table<T>(of: Reader<T>, name: Reader<string> = text()): Reader<ReadonlyMap<string, T>> {
  return {
    schema: { type: 'object', additionalProperties: of.schema, minProperties: 1 },
    read(node, at) {
      if (node.kind !== 'map') return refuseAt(at, node, `names with values are needed, not ${describe(node)}`);
      if (node.entries.length === 0) return refuseAt(at, node, 'it is empty');
      return new Map(
        node.entries.map(({ key, line, column, value }) => {
          const key_ = name.read({ kind: 'scalar', value: key, text: key, line, column }, inside(at, key));
          return [key_, of.read(value, inside(at, key))];
        }),
      );
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a field of any kind; what is read keeps its type
type Fields = Readonly<Record<string, Field<any, boolean>>>;
type Read<F extends Fields> = {
  readonly [K in keyof F as F[K]['required'] extends true ? K : never]: F[K] extends Reader<infer T> ? T : never;
} & {
  readonly [K in keyof F as F[K]['required'] extends true ? never : K]?: F[K] extends Reader<infer T> ? T : never;
};

/** Fields of fixed names; others are refused with the names that are allowed. What is left out is undefined. */
export function fields<F extends Fields>(of: F): Reader<Read<F>> {
  const names = Object.keys(of);
  const needs = names.filter((name) => of[name].required);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, of[name].schema])),
      required: needs,
      additionalProperties: false,
    },
    read(node, at) {
      if (node.kind !== 'map') return refuseAt(at, node, `fields are needed, not ${describe(node)}`);
      for (const entry of node.entries) {
        if (!Object.hasOwn(of, entry.key)) {
          refuseAt(at, entry, `unknown field ${JSON.stringify(entry.key)}; allowed: ${names.join(', ')}`);
        }
      }
      const missing = needs.find((name) => !node.entries.some(({ key }) => key === name));
      if (missing !== undefined) refuseAt(at, node, `the field "${missing}" is missing`);
      return Object.fromEntries(
        node.entries.map(({ key, value }) => [key, of[key].read(value, inside(at, key))]),
      ) as Read<F>;
    },
  };
}

/** A value of one kind or another, told apart by how it is written. */
function choice<A, B>(first: Reader<A>, second: Reader<B>, isFirst: (node: YamlNode) => boolean): Reader<A | B> {
  return {
    schema: { anyOf: [first.schema, second.schema] },
    read: (node, at) => (isFirst(node) ? first : second).read(node, at),
  };
}

/** A single value, or a list or group. */
export const either = <A, B>(scalar: Reader<A>, other: Reader<B>): Reader<A | B> =>
  choice(scalar, other, ({ kind }) => kind === 'scalar');

/** A number, or something else. */
export const numberOr = <A, B>(first: Reader<A>, other: Reader<B>): Reader<A | B> =>
  choice(first, other, (node) => node.kind === 'scalar' && typeof node.value === 'number');

/** `null`, or something else. */
export const nullOr = <A>(other: Reader<A>): Reader<A | null> =>
  choice(nothing, other, (node) => node.kind === 'scalar' && node.value === null);

/** The value of a reader, checked or turned into another; `check` throws with `fail(reason)`. */
export function checked<A, B>(reader: Reader<A>, check: (value: A, fail: (reason: string) => never) => B): Reader<B> {
  return {
    schema: reader.schema,
    read: (node, at) => check(reader.read(node, at), (reason) => refuseAt(at, node, reason)),
  };
}
